//! The end of a poll, with its outcome.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::CredentialId;

use super::lease::{Fence, leased};
use super::status::TargetStatus;
use crate::db::schema::poll_targets;
use crate::db::{NEVER, Store, database, for_update};

/// The outcome of a poll.
#[derive(Clone, Debug)]
pub struct PollOutcome {
    /// New status.
    pub status: TargetStatus,
    /// Reason that readers are given.
    pub reason: Option<String>,
    /// Begin and credential of a whole listing; `None` leaves those of the last one.
    pub listed: Option<(Timestamp, CredentialId)>,
    /// New value of [`Target::failures`](super::Target::failures).
    pub failures: i32,
    /// New value of [`Target::agreeing`](super::Target::agreeing).
    pub agreeing: i32,
    /// Wait until the next listing.
    pub next: Duration,
}

impl Store {
    /// Ends a lease with the outcome of the poll; returns whether a refresh request was waiting for it.
    ///
    /// # Errors
    /// `LeaseLost` if another process has the lease.
    pub async fn target_finish(&self, fence: Fence, outcome: PollOutcome) -> Result<bool> {
        self.write(move |session| {
            // Locked: a refresh request that came between reading and writing would be lost.
            let query = leased(fence).select((poll_targets::wanted_at, poll_targets::as_of));
            let row = for_update!(session, query, (i64, Option<i64>))?.pop();
            let (wanted, before) = row.ok_or_else(|| fence.lost())?;
            // After the wait for the lock, so that readers of changes see the row soon after its time.
            let now = session.now()?;
            let unanswered = outcome.listed.is_some_and(|(as_of, _)| wanted > as_of.0);
            let due = if unanswered { now } else { now.plus(outcome.next) };
            let common = (
                poll_targets::status.eq(outcome.status.as_str()),
                poll_targets::reason.eq(&outcome.reason),
                poll_targets::failures.eq(outcome.failures),
                poll_targets::agreeing.eq(outcome.agreeing),
                poll_targets::interval_ms.eq(i64::try_from(outcome.next.as_millis()).unwrap_or(NEVER)),
                poll_targets::due_at.eq(due.0),
                poll_targets::lease_until.eq(0),
                poll_targets::changed_at.eq(now.0),
            );
            let changed = match outcome.listed {
                Some((as_of, by)) => diesel::update(leased(fence))
                    .set((common, poll_targets::as_of.eq(as_of.0), poll_targets::listed_by.eq(by.to_bytes())))
                    .execute(session.connection),
                None => diesel::update(leased(fence)).set(common).execute(session.connection),
            };
            if changed.map_err(database)? == 0 {
                return Err(fence.lost());
            }
            Ok(before.is_none_or(|before| wanted > before) && wanted > 0)
        })
        .await
    }
}
