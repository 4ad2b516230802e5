//! The removal of old events and tombstones.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;

use super::leadership::RELAY;
use crate::db::schema::{events, leaders, tombstones};
use crate::db::{Store, database};

impl Store {
    /// Removes published events and tombstones from before `cutoff`, at most `limit` events; returns the count of
    /// removed events.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn events_purge(&self, cutoff: Timestamp, limit: i64) -> Result<usize> {
        self.write(move |session| {
            let published =
                leaders::table.find(RELAY).select(leaders::published).first::<i64>(session.connection);
            let published = published.map_err(database)?;
            let oldest = events::table
                .filter(events::position.le(published))
                .order(events::position)
                .limit(limit)
                .select((events::seq, events::at))
                .load::<(i64, i64)>(session.connection)
                .map_err(database)?;
            let old: Vec<_> =
                oldest.into_iter().take_while(|(_, at)| *at < cutoff.0).map(|(seq, _)| seq).collect();
            diesel::delete(tombstones::table.filter(tombstones::observed_at.lt(cutoff.0)))
                .execute(session.connection)
                .map_err(database)?;
            if old.is_empty() {
                return Ok(0);
            }
            diesel::delete(events::table.filter(events::seq.eq_any(old)))
                .execute(session.connection)
                .map_err(database)
        })
        .await
    }
}
