//! A target under lease: calls to its cloud and writes to its records.

use gateway_bus::Nudge;
use gateway_core::driver::{KindCapability, ListScope};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Holder;
use gateway_core::shares::{CallKey, Endpoint};
use gateway_core::{Timestamp, crash};
use gateway_sessions::OpenSession;
use gateway_store::{Applied, Claim, Observation, Sighting, WriteGuard};
use tokio::time::Instant;

use super::lease::Lease;
use crate::context::PollerContext;

/// Sightings per transaction. Higher makes fewer transactions; lower holds locks for less time.
pub(super) const BATCH: usize = 200;

/// A claimed target while it is polled.
pub(super) struct LeasedTarget<'a> {
    pub(super) context: &'a PollerContext,
    pub(super) claim: &'a Claim,
    pub(super) session: &'a OpenSession,
    pub(super) capability: &'static KindCapability,
    pub(super) lease: Lease,
}

impl LeasedTarget<'_> {
    /// Returns the part of the kind that the target covers.
    pub(super) fn list_scope(&self) -> ListScope {
        match self.claim.target.scope.holder {
            Holder::Account(_) => ListScope::Own,
            Holder::Global => ListScope::Published,
        }
    }

    /// Calls the cloud under the lease, and tells the breakers of its endpoint and holder about the answer. The inner
    /// result is the cloud's; it is `RateLimited` if the account gets a pause that is too long to wait for.
    ///
    /// # Errors
    /// `LeaseLost` if another process holds the lease.
    pub(super) async fn call<T>(&mut self, call: impl Future<Output = Result<T>>) -> Result<Result<T>> {
        let (budget, breakers, begun) = (&self.session.budget, &self.context.breakers, Instant::now());
        let scope = &self.claim.target.scope;
        let path = CallKey::for_holder(Endpoint::of_scope(scope), scope.holder);
        let call = async {
            tokio::select! {
                biased;
                answer = call => {
                    breakers.record(&path, begun, &answer);
                    Ok(answer)
                }
                wait = budget.long_pause() => {
                    let paused = Error::new(ErrorKind::RateLimited, "the cloud asked for a pause");
                    Ok(Err(paused.with_retry_after(wait)))
                }
            }
        };
        self.lease.hold(call).await
    }

    /// Applies sightings under the lease, and nudges the relay if there are new events.
    ///
    /// # Errors
    /// `LeaseLost` if another process holds the lease.
    pub(super) async fn apply(&mut self, as_of: Timestamp, sightings: Vec<Sighting>) -> Result<Applied> {
        if sightings.is_empty() {
            return Ok(Applied::default());
        }
        let observation = Observation::of(&self.claim.target, as_of, sightings);
        let guard = WriteGuard::Lease(self.claim.fence);
        let applied = self.lease.hold(self.context.store.apply(guard, observation)).await?;
        crash::point("poller.after_apply");
        if applied.written() > 0 {
            self.context.bus.nudge(Nudge::EventsWaiting).await;
        }
        Ok(applied)
    }
}
