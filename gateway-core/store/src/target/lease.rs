//! Leases on poll targets.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::error::{Error, Result};
use gateway_core::id::TargetId;

use crate::db::schema::poll_targets;
use crate::db::{Session, Store, database, for_update, lease_lost};

/// The fencing token of a lease: a holder that was overtaken can write nothing with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Leased target.
    pub target: TargetId,
    /// Number of the lease.
    pub epoch: i64,
}

impl Fence {
    /// Returns the error of a holder that was overtaken.
    pub(super) fn lost(self) -> Error {
        lease_lost(format_args!("poll target {}", self.target.0))
    }
}

/// Selects the target while the lease is valid.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn leased(fence: Fence) -> _ {
    let id: i64 = fence.target.0;
    let epoch: i64 = fence.epoch;
    poll_targets::table.filter(poll_targets::id.eq(id)).filter(poll_targets::lease_epoch.eq(epoch))
}

impl Store {
    /// Extends a lease.
    ///
    /// # Errors
    /// `LeaseLost` if another process has it.
    pub async fn target_renew(&self, fence: Fence, lease: Duration) -> Result<()> {
        self.write(move |session| {
            let until = session.now()?.plus(lease).0;
            let changed = diesel::update(leased(fence))
                .set((poll_targets::lease_until.eq(until), poll_targets::due_at.eq(until)))
                .execute(session.connection);
            if changed.map_err(database)? == 0 { Err(fence.lost()) } else { Ok(()) }
        })
        .await
    }

    /// Gives a lease back unused: the target is due at once.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached. A lost lease is no error.
    pub async fn target_release(&self, fence: Fence) -> Result<()> {
        self.target_postpone(fence, Duration::ZERO).await
    }

    /// Gives a lease back unused: the target is due after `wait`, and is otherwise unchanged.
    ///
    /// # Errors
    /// As [`Self::target_release`].
    pub async fn target_postpone(&self, fence: Fence, wait: Duration) -> Result<()> {
        self.write(move |session| {
            let due = session.now()?.plus(wait).0;
            diesel::update(leased(fence))
                .set((poll_targets::lease_until.eq(0), poll_targets::due_at.eq(due)))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }
}

impl Session<'_> {
    /// Locks the target's row, so that no process can take the lease before this transaction ends.
    pub(crate) fn check_fence(&mut self, fence: Fence) -> Result<()> {
        let query = poll_targets::table.find(fence.target.0).select(poll_targets::lease_epoch);
        match for_update!(self, query, i64)?.first() {
            Some(epoch) if *epoch == fence.epoch => Ok(()),
            _ => Err(fence.lost()),
        }
    }
}
