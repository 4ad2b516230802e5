//! The poll of one target under its lease: list, diff, apply, settle what is missing, say how it went.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use gateway_bus::Nudge;
use gateway_core::driver::{KindCapability, Pacer as _};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::{Timestamp, crash};
use gateway_store::{Claim, PollOutcome, TargetStatus};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::absence::Absence;
use crate::interval::{moving, spread, until_next};
use crate::lease::Lease;
use crate::listing::Listing;
use crate::poller::PollerContext;
use crate::setback;
use gateway_sessions::OpenSession;

/// One target while it is polled.
pub(crate) struct Cycle<'a> {
    pub(crate) shop: &'a PollerContext,
    pub(crate) claim: &'a Claim,
    pub(crate) opened: &'a OpenSession,
    pub(crate) capability: &'static KindCapability,
    pub(crate) lease: Lease,
}

/// What becomes of the lease.
enum Ending {
    /// The target is due again as the outcome says.
    Finished(PollOutcome),
    /// Nothing was asked of the cloud: it is due after that long.
    Postponed(Duration),
    /// The process stops: it is due at once, for another.
    Stopped,
}

/// Polls a claimed target and gives its lease back. Whatever goes wrong is this target's affair alone.
pub(crate) async fn poll(shop: &PollerContext, claim: &Claim, claimed: Instant, stop: &CancellationToken) {
    let attempt = AssertUnwindSafe(attempt(shop, claim, claimed, stop)).catch_unwind().await;
    let ending = match attempt.unwrap_or_else(|_| Err(Error::internal("a listing panicked"))) {
        Err(error) if error.kind() == ErrorKind::LeaseLost => return log_lost(claim),
        Err(error) => Ending::Finished(failed(shop, claim, &error).await),
        Ok(ending) => ending,
    };
    shop.clocks.tell().await;
    let store = &shop.store;
    let given_back = match ending {
        Ending::Finished(outcome) => {
            crash::point("poller.before_finish");
            store.target_finish(claim.fence, outcome).await
        }
        // Who waits for it need not wait for its end.
        Ending::Postponed(wait) => store.target_postpone(claim.fence, wait).await.map(|()| true),
        Ending::Stopped => store.target_release(claim.fence).await.map(|()| false),
    };
    match given_back {
        Err(error) if error.kind() == ErrorKind::LeaseLost => log_lost(claim),
        // The lease lapses by itself.
        Err(error) => {
            tracing::warn!(target = %claim.target.id, error = %error.chain(), "a lease was not given back")
        }
        Ok(false) => {}
        Ok(true) => shop.bus.nudge(Nudge::TargetListed { target: claim.target.id }).await,
    }
}

async fn attempt(
    shop: &PollerContext,
    claim: &Claim,
    claimed: Instant,
    stop: &CancellationToken,
) -> Result<Ending> {
    let target = &claim.target;
    let opened = shop.sessions.get(target.scope.cloud, &claim.credential).await?;
    let _share = opened.budget.join(opened.cloud.calls_per_second, claim.sharing);
    let as_of = shop.store.now().await?;
    let pause = claim.paused_until.since(as_of);
    if !pause.is_zero() {
        opened.budget.apply_pause(pause);
        return Ok(Ending::Postponed(pause));
    }
    let capability = opened.capability.of(target.kind).ok_or_else(|| {
        Error::new(ErrorKind::Unsupported, format!("this kind of cloud has no {}", target.kind))
    })?;
    let lease = Lease::new(shop.store.clone(), claim.fence, shop.config.lease(), claimed);
    let mut cycle = Cycle { shop, claim, opened: &opened, capability, lease };
    let result = cycle.run(as_of, stop).await;
    if let Some(wait) = result.as_ref().err().and_then(setback::asked_pause) {
        opened.budget.pause(wait);
    }
    if let Some(left) = opened.budget.take_unshared_pause() {
        let until = shop.store.now().await?.plus(left);
        shop.store.account_pause(claim.credential.account, until).await?;
    }
    result
}

impl Cycle<'_> {
    async fn run(&mut self, as_of: Timestamp, stop: &CancellationToken) -> Result<Ending> {
        let Some(listing) = self.list(as_of, stop).await? else { return Ok(Ending::Stopped) };
        let absence = self.settle(&listing).await?;
        Ok(Ending::Finished(self.outcome(&listing, absence)))
    }

    fn outcome(&self, listing: &Listing, absence: Absence) -> PollOutcome {
        let (config, target) = (&self.shop.config, &self.claim.target);
        let mut applied = listing.applied;
        applied += absence.applied;
        let moves = listing.moving || absence.is_open || applied.written() > 0;
        let next = until_next(config, target.interval, moves, seed(self.claim, listing.as_of));
        let notices: Vec<_> = self.opened.session.notices().into_iter().map(|notice| notice.0).collect();
        let reason = absence.warning.or_else(|| (!notices.is_empty()).then(|| notices.join("; ")));
        tracing::debug!(target = %target.id, kind = %target.kind, region = %target.scope.region, ?applied, "listed");
        PollOutcome {
            status: TargetStatus::Fresh,
            reason,
            listed: Some((listing.as_of, self.claim.credential.id)),
            failures: 0,
            agreeing: absence.agreeing,
            next,
        }
    }
}

/// What follows from a failure, for the target and for those who share its credential or account.
async fn failed(shop: &PollerContext, claim: &Claim, error: &Error) -> PollOutcome {
    let target = &claim.target;
    // Once for each change: a target that stays broken does not fill the log.
    if matches!(target.status, TargetStatus::Fresh | TargetStatus::Pending) {
        tracing::warn!(target = %target.id, kind = %target.kind, region = %target.scope.region,
            cloud = %target.scope.cloud, error = %error.chain(), "a listing failed");
    } else {
        tracing::debug!(target = %target.id, error = %error.chain(), "a listing failed again");
    }
    if error.kind() == ErrorKind::Unauthorized {
        shop.sessions.forget(claim.credential.id);
        if let Err(error) = shop.store.grant_suspect(claim.credential.id).await {
            tracing::debug!(error = %error.chain(), "a doubt about a grant was not noted");
        }
    }
    let mut outcome = setback::outcome(&shop.config, target, error);
    // A pause that was asked for is kept to its end.
    if error.retry_after().is_none() {
        outcome.next = spread(outcome.next, seed(claim, shop.clock.now())).max(moving(&shop.config));
    }
    outcome
}

fn seed(claim: &Claim, at: Timestamp) -> u64 {
    claim.target.id.0.unsigned_abs().wrapping_mul(0x1_0000_0001) ^ at.0.unsigned_abs()
}

fn log_lost(claim: &Claim) {
    tracing::info!(target = %claim.target.id, "another process has the lease by now");
}
