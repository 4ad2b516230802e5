//! The slots of operations for calls to clouds. An operation holds one only while it calls its cloud; one that gets none in
//! time is given back to the reconciler.

use std::time::Duration;

use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::shares::{CallKey, Slot};
use gateway_sessions::AccountBudget;
use gateway_store::Operation;
use tokio::time::Instant;

use super::Operations;
use super::attempt::{LONGEST_WAIT, NotDone};
use super::scope::AccountScope;

/// Leases for which an operation waits for a slot. A longer wait keeps more operations in memory; a shorter one gives them
/// back sooner, which costs some statements each.
const LEASES_OF_WAIT: u32 = 2;

/// Shortest wait until an operation that was given back is due, and the part of its age, as a divisor, by which the wait
/// grows. Longer waits cost fewer statements while a cloud hangs; shorter ones notice sooner that it answers again.
const SHORTEST_WAIT: Duration = Duration::from_secs(2);
const AGE_DIVISOR: u32 = 4;

/// Longest wait for the slot of the first call of an upload, whose front waits with the content.
pub(super) const UPLOAD_WAIT: Duration = Duration::from_secs(5);

impl Operations {
    /// Returns the longest wait of an operation for a slot.
    pub(super) fn slot_wait(&self) -> Duration {
        self.times.lease * LEASES_OF_WAIT
    }

    /// Takes the slot for calls within one scope, unless the cloud asked for a long pause.
    ///
    /// # Errors
    /// The reason why there is none; nothing was sent.
    pub(super) async fn call_slot(
        &self,
        scope: &AccountScope,
        budget: &AccountBudget,
        time: Duration,
    ) -> Result<Slot<CallKey>> {
        if let Some(left) = budget.long_pause_left() {
            let error = Error::new(ErrorKind::RateLimited, "the cloud asks for fewer calls");
            return Err(error.with_retry_after(left).untouched());
        }
        let path = scope.call_path();
        self.calls.take(&path, time).await.map_err(|refused| {
            let error = match path.iter().any(|key| self.breakers.is_open(key)) {
                true => Error::unavailable("the cloud does not answer now, and another call is trying it"),
                false => Error::new(ErrorKind::RateLimited, "too many calls wait for this cloud"),
            };
            error.with_source(refused).untouched()
        })
    }

    /// Makes a call, and records for its endpoint whether it was answered.
    pub(super) async fn ask<T>(
        &self,
        scope: &AccountScope,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let begun = Instant::now();
        let answer = call.await;
        self.breakers.record(&scope.call_path(), begun, &answer);
        answer
    }

    /// Makes a call if a slot is free now.
    pub(crate) async fn ask_now<T>(
        &self,
        scope: &AccountScope,
        call: impl Future<Output = Result<T>>,
    ) -> Option<Result<T>> {
        let _slot = self.calls.try_take(&scope.call_path())?;
        Some(self.ask(scope, call).await)
    }

    /// Returns what becomes of a step that got no slot: it is tried again, or given up in the end.
    pub(super) async fn without_slot(
        &self,
        operation: &Operation,
        was_sent: bool,
        error: Error,
    ) -> Result<NotDone> {
        let age = self.store.now().await?.since(operation.accepted_at);
        let wait = error.retry_after().unwrap_or(age / AGE_DIVISOR).clamp(SHORTEST_WAIT, LONGEST_WAIT);
        Ok(match (was_sent, age < self.times.give_up) {
            (true, true) => NotDone::Unclear(error, wait),
            (true, false) => NotDone::Lost(error),
            (false, true) => NotDone::Later(error, wait),
            (false, false) => NotDone::Refused(error),
        })
    }
}

impl AccountScope {
    /// Returns the share keys of calls within the scope.
    pub(crate) fn call_path(&self) -> [CallKey; 2] {
        CallKey::for_account(self.cloud, self.region.clone(), self.account)
    }
}
