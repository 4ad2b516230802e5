//! A poll of one target under its lease: list, compare, apply, settle missing records, finish.

mod absence;
mod known;
mod lease;
mod leased_target;
mod listing;
mod outcome;
mod proof;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use gateway_bus::Nudge;
use gateway_core::crash;
use gateway_core::driver::Pacer as _;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_sessions::OpenSession;
use gateway_store::{Claim, PollOutcome, TargetStatus};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::context::PollerContext;
use crate::instruments;
use lease::Lease;
use leased_target::LeasedTarget;

/// The end of a poll, for the lease.
enum Ending {
    /// The listing ended; the target is due again as the outcome says.
    Finished(PollOutcome),
    /// The account is paused and the cloud was not called; the target is due after this wait.
    Postponed(Duration),
    /// The process stops; the target is due at once, for another process.
    Stopped,
}

impl Ending {
    /// Returns the label of metrics.
    fn outcome(&self) -> &'static str {
        match self {
            Self::Finished(outcome) => outcome.status.as_str(),
            Self::Postponed(_) => "postponed",
            Self::Stopped => "stopped",
        }
    }
}

/// Polls a claimed target and ends its lease. No failure, not even a panic, affects another target.
pub(crate) async fn poll(context: &PollerContext, claim: &Claim, claimed: Instant, stop: &CancellationToken) {
    let span = tracing::error_span!("listing", target = %claim.target.id);
    poll_in_span(context, claim, claimed, stop).instrument(span).await;
}

async fn poll_in_span(context: &PollerContext, claim: &Claim, claimed: Instant, stop: &CancellationToken) {
    let listed = AssertUnwindSafe(list(context, claim, claimed, stop)).catch_unwind().await;
    let ended = match listed.unwrap_or_else(|_| Err(Error::internal("a listing panicked"))) {
        Err(error) if error.kind() == ErrorKind::LeaseLost => None,
        Err(error) => Some(Ending::Finished(failed(context, claim, &error).await)),
        Ok(ending) => Some(ending),
    };
    let cloud = context.sessions.cloud_name(claim.target.scope.cloud);
    let outcome = ended.as_ref().map_or("lease_lost", Ending::outcome);
    instruments::listing_ended(cloud.into(), outcome, claimed.elapsed());
    let Some(ending) = ended else { return log_lease_lost() };
    context.clock_report.update().await;
    end_lease(context, claim, ending).await;
}

/// Ends the lease, and nudges the requests that wait for this listing.
async fn end_lease(context: &PollerContext, claim: &Claim, ending: Ending) {
    let store = &context.store;
    let is_awaited = match ending {
        Ending::Finished(outcome) => {
            crash::point("poller.before_finish");
            store.target_finish(claim.fence, outcome).await
        }
        // A request that waits for the listing must not wait for the end of the pause.
        Ending::Postponed(wait) => store.target_postpone(claim.fence, wait).await.map(|()| true),
        Ending::Stopped => store.target_release(claim.fence).await.map(|()| false),
    };
    match is_awaited {
        Err(error) if error.kind() == ErrorKind::LeaseLost => log_lease_lost(),
        Err(error) => {
            tracing::warn!(error = %error.chain(), "a lease was not released and expires");
        }
        Ok(false) => {}
        Ok(true) => context.bus.nudge(Nudge::TargetListed { target: claim.target.id }).await,
    }
}

/// Lists the target, unless its account is paused, and shares a pause that the cloud asks for.
async fn list(
    context: &PollerContext,
    claim: &Claim,
    claimed: Instant,
    stop: &CancellationToken,
) -> Result<Ending> {
    let target = &claim.target;
    let session = context.sessions.get(target.scope.cloud, &claim.credential).await?;
    let _share = session.budget.join(session.cloud.calls_per_second, claim.sharing);
    let as_of = context.store.now().await?;
    instruments::listing_began(session.cloud.name.clone().into(), as_of.since(target.due_at));
    let pause = claim.paused_until.since(as_of);
    if !pause.is_zero() {
        session.budget.apply_pause(pause);
        return Ok(Ending::Postponed(pause));
    }
    let capability = session.capability.of(target.kind).ok_or_else(|| {
        let message = format!("the driver of this cloud has no `{}`", target.kind);
        Error::new(ErrorKind::Unsupported, message)
    })?;
    let lease = Lease::new(context.store.clone(), claim.fence, context.config.lease(), claimed);
    let mut target = LeasedTarget { context, claim, session: &session, capability, lease };
    let outcome = async {
        let Some(listing) = listing::list(&mut target, as_of, stop).await? else {
            return Ok(Ending::Stopped);
        };
        let absence = absence::settle(&mut target, &listing).await?;
        Ok(Ending::Finished(outcome::after_listing(&target, &listing, absence)))
    };
    let ending = outcome.await;
    if let Some(wait) = ending.as_ref().err().and_then(outcome::requested_pause) {
        session.budget.pause(wait);
    }
    share_pause(context, claim, &session).await?;
    ending
}

/// Records a pause that the cloud asked for, so that all processes keep it.
async fn share_pause(context: &PollerContext, claim: &Claim, session: &OpenSession) -> Result<()> {
    if let Some(left) = session.budget.take_unshared_pause() {
        let until = context.store.now().await?.plus(left);
        context.store.account_pause(claim.credential.account, until).await?;
    }
    Ok(())
}

/// Logs a failed listing, doubts the grant of a refused credential, and returns the outcome.
async fn failed(context: &PollerContext, claim: &Claim, error: &Error) -> PollOutcome {
    let target = &claim.target;
    // At `warn` once per change, so that a target that stays broken does not fill the log.
    if matches!(target.status, TargetStatus::Fresh | TargetStatus::Pending) {
        tracing::warn!(cloud = %target.scope.cloud, region = %target.scope.region,
            kind = %target.kind, error = %error.chain(), "a listing failed");
    } else {
        tracing::debug!(failures = target.failures, error = %error.chain(), "a listing failed again");
    }
    if error.kind() == ErrorKind::Unauthorized {
        context.sessions.forget(claim.credential.id);
        if let Err(error) = context.store.grant_suspect(claim.credential.id).await {
            tracing::debug!(credential = %claim.credential.id, error = %error.chain(),
                "a refused credential was not recorded");
        }
    }
    outcome::after_failure(&context.config, target, error)
}

fn log_lease_lost() {
    tracing::info!("a lease was lost to another process");
}
