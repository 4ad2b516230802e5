//! The regions of clouds.

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{CloudId, Region};

use crate::db::schema::regions;
use crate::db::{Session, Store, database};

impl Store {
    /// Returns the regions of a cloud that its registration or a credential check has named.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn region_list(&self, cloud: CloudId) -> Result<Vec<Region>> {
        self.read(move |session| {
            let names = regions::table
                .filter(regions::cloud_id.eq(cloud.to_bytes()))
                .order(regions::name)
                .select(regions::name)
                .load::<String>(session.connection);
            Ok(names.map_err(database)?.into_iter().map(Region::new).collect())
        })
        .await
    }
}

impl Session<'_> {
    /// Adds the regions that are new.
    pub(super) fn regions_seen(&mut self, cloud: CloudId, seen: &[Region]) -> Result<()> {
        let known = regions::table
            .filter(regions::cloud_id.eq(cloud.to_bytes()))
            .select(regions::name)
            .load::<String>(self.connection)
            .map_err(database)?;
        let now = self.now()?.0;
        for region in seen.iter().filter(|region| !known.iter().any(|name| name == region.as_str())) {
            diesel::insert_into(regions::table)
                .values((
                    regions::cloud_id.eq(cloud.to_bytes()),
                    regions::name.eq(region.as_str()),
                    regions::first_seen_at.eq(now),
                ))
                .execute(self.connection)
                .map_err(database)?;
        }
        Ok(())
    }
}
