//! The relay's view of the outbox: pending work, batches to publish, and the confirmed position.

use diesel::prelude::*;
use gateway_core::error::Result;

use super::leadership::{RELAY, leadership_lost};
use super::stored::{EventRow, StoredEvent};
use crate::db::schema::{events, leaders};
use crate::db::{Store, database};

impl Store {
    /// Returns whether events wait to be numbered or published. All relays ask and none writes, so that an idle gateway
    /// changes no row.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn relay_has_work(&self) -> Result<bool> {
        self.read(|session| {
            let unnumbered = events::table
                .filter(events::position.is_null())
                .select(events::seq)
                .first::<i64>(session.connection)
                .optional();
            if unnumbered.map_err(database)?.is_some() {
                return Ok(true);
            }
            let (numbered, published) = leaders::table
                .find(RELAY)
                .select((leaders::numbered, leaders::published))
                .first::<(i64, i64)>(session.connection)
                .map_err(database)?;
            Ok(published < numbered)
        })
        .await
    }

    /// Returns the number of events that wait to be numbered or published, counted up to a limit.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn relay_backlog(&self, limit: usize) -> Result<usize> {
        self.read(move |session| {
            let unnumbered = events::table
                .filter(events::position.is_null())
                .select(events::seq)
                .limit(i64::try_from(limit).unwrap_or(i64::MAX))
                .load::<i64>(session.connection)
                .map_err(database)?;
            let (numbered, published) = leaders::table
                .find(RELAY)
                .select((leaders::numbered, leaders::published))
                .first::<(i64, i64)>(session.connection)
                .map_err(database)?;
            let unpublished = usize::try_from(numbered - published).unwrap_or(0);
            Ok(limit.min(unnumbered.len().saturating_add(unpublished)))
        })
        .await
    }

    /// Returns numbered events after a position, in order.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn relay_batch(&self, after: i64, limit: i64) -> Result<Vec<StoredEvent>> {
        self.read(move |session| {
            let rows = events::table
                .filter(events::position.gt(after))
                .order(events::position)
                .limit(limit)
                .select(EventRow::as_select())
                .load(session.connection);
            rows.map_err(database)?.into_iter().map(EventRow::into_event).collect()
        })
        .await
    }

    /// Records the last position that the broker has confirmed.
    ///
    /// # Errors
    /// `LeaseLost` if another process leads.
    pub async fn relay_published(&self, epoch: i64, position: i64) -> Result<()> {
        self.write(move |session| {
            let row = leaders::table.find(RELAY).filter(leaders::lease_epoch.eq(epoch));
            let changed =
                diesel::update(row).set(leaders::published.eq(position)).execute(session.connection);
            if changed.map_err(database)? == 0 { Err(leadership_lost()) } else { Ok(()) }
        })
        .await
    }
}
