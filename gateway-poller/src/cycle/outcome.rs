//! The outcome of a poll: the target's new status, and the wait until its next listing.

use std::time::Duration;

use gateway_core::config::Poller;
use gateway_core::error::{Error, ErrorKind};
use gateway_store::{PollOutcome, Target, TargetStatus};

use super::absence::Absence;
use super::leased_target::LeasedTarget;
use super::listing::Listing;
use crate::interval::{after_failures, longest, moving, quiet, spread, until_next};

/// Returns the outcome of a whole listing.
pub(super) fn after_listing(target: &LeasedTarget<'_>, listing: &Listing, absence: Absence) -> PollOutcome {
    let (claim, session) = (target.claim, target.session);
    let claimed = &claim.target;
    let mut applied = listing.applied;
    applied += absence.applied;
    let moves = listing.is_moving || absence.is_open || applied.written() > 0;
    let next = until_next(&target.context.config, claimed.interval, moves);
    let notices: Vec<_> = session.session.notices().into_iter().map(|notice| notice.0).collect();
    let reason = absence.warning.or_else(|| (!notices.is_empty()).then(|| notices.join("; ")));
    tracing::debug!(region = %claimed.scope.region, kind = %claimed.kind,
        count = applied.written(), "a target was listed");
    PollOutcome {
        status: TargetStatus::Fresh,
        reason,
        listed: Some((listing.as_of, claim.credential.id)),
        failures: 0,
        agreeing: absence.agreeing,
        next,
    }
}

/// Returns the outcome of a failed listing. The results of earlier listings stay.
pub(super) fn after_failure(config: &Poller, target: &Target, error: &Error) -> PollOutcome {
    let failures = target.failures.saturating_add(1);
    let (status, backoff) = match error.kind() {
        ErrorKind::Forbidden => (TargetStatus::Forbidden, longest(config)),
        // It recovers by itself: the next listing checks the clock again.
        ErrorKind::ClockSkew { .. } => (TargetStatus::Suspended, quiet(config)),
        // The verification of the grant comes first, and may elect another credential.
        ErrorKind::Unauthorized => (TargetStatus::Failed, moving(config) * 2),
        ErrorKind::Unsupported => (TargetStatus::Failed, longest(config)),
        _ => (TargetStatus::Failed, after_failures(config, failures)),
    };
    let next = match error.retry_after() {
        // A pause that the cloud asked for gets no jitter: it could end too early.
        Some(pause) => pause.max(moving(config)),
        None => spread(backoff).max(moving(config)),
    };
    let reason = Some(error.message().to_owned());
    PollOutcome { status, reason, listed: None, failures, agreeing: target.agreeing, next }
}

/// Returns the pause that the cloud asked for in an error.
pub(super) fn requested_pause(error: &Error) -> Option<Duration> {
    match error.kind() {
        ErrorKind::RateLimited | ErrorKind::Unavailable => error.retry_after(),
        _ => None,
    }
}
