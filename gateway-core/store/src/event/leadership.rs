//! The relay's leadership: one process numbers and publishes at a time.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::error::{Error, Result};
use gateway_core::id::ProcessId;

use crate::db::schema::leaders;
use crate::db::{Session, Store, database, for_update, lease_lost};

/// Key of the relay's row in `leaders`.
pub(super) const RELAY: &str = "relay";

/// The leadership of the relay, for the length of its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leadership {
    /// Number of the lease.
    pub epoch: i64,
    /// Last position that an event has.
    pub numbered: i64,
    /// Last position that the broker has confirmed.
    pub published: i64,
}

impl Store {
    /// Takes or keeps the leadership; `None` while another process has it.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn relay_lead(&self, owner: ProcessId, lease: Duration) -> Result<Option<Leadership>> {
        self.write(move |session| {
            let now = session.now()?;
            let query = leaders::table.find(RELAY).select((
                leaders::lease_owner,
                leaders::lease_epoch,
                leaders::lease_until,
                leaders::numbered,
                leaders::published,
            ));
            let rows = for_update!(session, query, (Option<Vec<u8>>, i64, i64, i64, i64))?;
            let Some((holder, epoch, until, numbered, published)) = rows.into_iter().next() else {
                return Ok(None);
            };
            let ours = holder.as_deref() == Some(&owner.to_bytes());
            if !ours && until > now.0 {
                return Ok(None);
            }
            // An expired lease of our own gets a new epoch too: others may have led in between.
            let epoch = if ours && until > now.0 { epoch } else { epoch + 1 };
            diesel::update(leaders::table.find(RELAY))
                .set((
                    leaders::lease_owner.eq(owner.to_bytes()),
                    leaders::lease_epoch.eq(epoch),
                    leaders::lease_until.eq(now.plus(lease).0),
                ))
                .execute(session.connection)
                .map_err(database)?;
            Ok(Some(Leadership { epoch, numbered, published }))
        })
        .await
    }

    /// Gives the leadership back.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn relay_resign(&self, epoch: i64) -> Result<()> {
        self.write(move |session| {
            let row = leaders::table.find(RELAY).filter(leaders::lease_epoch.eq(epoch));
            diesel::update(row)
                .set(leaders::lease_until.eq(0))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }
}

impl Session<'_> {
    /// Locks the leader's row and returns the last position; fails if another process leads.
    pub(super) fn check_leadership(&mut self, epoch: i64) -> Result<i64> {
        let query =
            leaders::table.find(RELAY).filter(leaders::lease_epoch.eq(epoch)).select(leaders::numbered);
        for_update!(self, query, i64)?.first().copied().ok_or_else(leadership_lost)
    }

    /// Returns the last position that an event has.
    pub(crate) fn numbered(&mut self) -> Result<i64> {
        leaders::table.find(RELAY).select(leaders::numbered).first(self.connection).map_err(database)
    }
}

/// Returns the error of a relay that another one has overtaken.
pub(super) fn leadership_lost() -> Error {
    lease_lost("the relay")
}
