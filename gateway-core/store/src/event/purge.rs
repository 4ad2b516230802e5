//! The removal of old events.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;

use super::leadership::RELAY;
use crate::db::schema::{events, leaders};
use crate::db::{Store, database};

impl Store {
    /// Removes published events from before `cutoff`, in the order of their positions, so that a reader sees the gap. At most
    /// `limit`; returns their count.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn events_purge(&self, cutoff: Timestamp, limit: i64) -> Result<usize> {
        self.write(move |session| {
            let published =
                leaders::table.find(RELAY).select(leaders::published).first::<i64>(session.connection);
            let oldest = events::table
                .filter(events::position.le(published.map_err(database)?))
                .order(events::position)
                .limit(limit)
                .select((events::position.assume_not_null(), events::at))
                .load::<(i64, i64)>(session.connection)
                .map_err(database)?;
            let last = oldest.iter().take_while(|(_, at)| *at < cutoff.0).last();
            let Some((last, _)) = last else { return Ok(0) };
            // One range of the index. It holds what was read: no event gets a position that is lower than a published one.
            diesel::delete(events::table.filter(events::position.le(*last)))
                .execute(session.connection)
                .map_err(database)
        })
        .await
    }
}
