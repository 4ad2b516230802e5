//! The clocks of clouds, as pollers measured them.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::driver::EndpointClock;
use gateway_core::error::Result;
use gateway_core::id::CloudId;
use gateway_core::skew::Skew;

use crate::db::schema::cloud_clocks;
use crate::db::{Session, Store, corrupt, database};

/// The clock of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudClock {
    /// Cloud of the endpoint.
    pub cloud: CloudId,
    /// Scheme, host and port; shown to operators only.
    pub endpoint: String,
    /// Measured skew; `None` if the answers have no `Date`.
    pub skew: Option<Skew>,
    /// Time of the last measurement, or up to some minutes before: an unchanged skew is seldom written.
    pub seen_at: Timestamp,
}

impl Store {
    /// Records measured clocks.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn clocks_record(&self, clocks: Vec<EndpointClock>) -> Result<()> {
        self.write(move |session| {
            let now = session.now()?;
            for clock in &clocks {
                session.clock_put(clock, now)?;
            }
            Ok(())
        })
        .await
    }

    /// Returns the clock of every endpoint.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn clock_list(&self) -> Result<Vec<CloudClock>> {
        self.read(|session| {
            let rows = cloud_clocks::table
                .load::<(Vec<u8>, String, Option<i64>, i64, i64)>(session.connection)
                .map_err(database)?;
            rows.into_iter()
                .map(|(cloud, endpoint, skew, uncertainty, seen_at)| {
                    let uncertainty = Duration::from_micros(uncertainty.unsigned_abs());
                    Ok(CloudClock {
                        cloud: CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?,
                        endpoint,
                        skew: skew.map(|micros| Skew { micros, uncertainty }),
                        seen_at: Timestamp(seen_at),
                    })
                })
                .collect()
        })
        .await
    }
}

impl Session<'_> {
    fn clock_put(&mut self, clock: &EndpointClock, now: Timestamp) -> Result<()> {
        let seen_at = now.minus(clock.age).0;
        let (skew, uncertainty) =
            clock.skew.map_or((None, 0), |skew| (Some(skew.micros), micros(skew.uncertainty)));
        let (cloud, endpoint) = (clock.cloud.to_bytes(), clock.endpoint.clone());
        let values = (
            cloud_clocks::skew_us.eq(skew),
            cloud_clocks::uncertainty_us.eq(uncertainty),
            cloud_clocks::seen_at.eq(seen_at),
        );
        let changed = diesel::update(cloud_clocks::table.find((cloud.clone(), endpoint.clone())))
            .set(values)
            .execute(self.connection)
            .map_err(database)?;
        if changed == 0 {
            let key = (cloud_clocks::cloud_id.eq(cloud), cloud_clocks::endpoint.eq(endpoint));
            diesel::insert_into(cloud_clocks::table)
                .values((key, values))
                .execute(self.connection)
                .map_err(database)?;
        }
        Ok(())
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
