//! The relay's view of the outbox: pending work, batches to publish, and the confirmed position.

use diesel::prelude::*;
use gateway_core::error::Result;

use super::leadership::{RELAY, leadership_lost};
use super::stored::{EventRow, StoredEvent};
use crate::db::schema::{events, leaders};
use crate::db::{Session, Store, database};

/// Bytes at which a batch ends. More hide the times of the database and the broker; each costs memory of the relay.
const BATCH_BYTES: usize = 4 << 20;

/// Bytes of an event besides its document.
const BESIDES: usize = 256;

/// Rows that are read before their size is known.
const FIRST_ROWS: i64 = 50;

impl Session<'_> {
    fn events_after(&mut self, after: i64, limit: i64) -> Result<Vec<EventRow>> {
        events::table
            .filter(events::position.gt(after))
            .order(events::position)
            .limit(limit)
            .select(EventRow::as_select())
            .load(self.connection)
            .map_err(database)
    }
}

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

    /// Returns numbered events after a position, in order: at most `limit`, and fewer if their documents are large.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn relay_batch(&self, after: i64, limit: i64) -> Result<Vec<StoredEvent>> {
        self.read(move |session| {
            let (mut batch, mut bytes) = (Vec::<StoredEvent>::new(), 0);
            let mut wanted = limit.min(FIRST_ROWS);
            while wanted > 0 {
                let after = batch.last().and_then(|event| event.position).unwrap_or(after);
                let rows = session.events_after(after, wanted)?;
                let is_last = (rows.len() as i64) < wanted;
                for row in rows {
                    let event = row.into_event()?;
                    bytes += event.document.as_ref().map_or(0, String::len) + BESIDES;
                    batch.push(event);
                }
                if is_last || bytes >= BATCH_BYTES {
                    break;
                }
                // As many as fit if they are of the same size.
                let count = batch.len() as i64;
                let fitting = (BATCH_BYTES - bytes) as i64 * count / bytes as i64;
                wanted = fitting.min(limit - count);
            }
            Ok(batch)
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
