//! A listing that failed: what is said of its target, and when it is tried again.

use std::time::Duration;

use gateway_core::config::Poller;
use gateway_core::error::{Error, ErrorKind};
use gateway_store::{PollOutcome, Target, TargetStatus};

use crate::interval::{after_failures, longest, moving, quiet};

/// The outcome that an error leads to, before jitter. What earlier listings found stays.
pub(crate) fn outcome(config: &Poller, target: &Target, error: &Error) -> PollOutcome {
    let failures = target.failures.saturating_add(1);
    let (status, next) = match error.kind() {
        ErrorKind::Forbidden => (TargetStatus::Forbidden, longest(config)),
        // It recovers by itself: the next listing looks at the clock again.
        ErrorKind::ClockSkew { .. } => (TargetStatus::Suspended, quiet(config)),
        // The verification that this brings about comes first, and may elect another credential.
        ErrorKind::Unauthorized => (TargetStatus::Failed, moving(config) * 2),
        ErrorKind::Unsupported => (TargetStatus::Failed, longest(config)),
        _ => (TargetStatus::Failed, after_failures(config, failures)),
    };
    let next = error.retry_after().map_or(next, |wait| wait.max(moving(config)));
    let reason = Some(error.message().to_owned());
    PollOutcome { status, reason, listed: None, failures, agreeing: target.agreeing, next }
}

/// The pause that the cloud asked for, if this is what it did.
pub(crate) fn asked_pause(error: &Error) -> Option<Duration> {
    match error.kind() {
        ErrorKind::RateLimited | ErrorKind::Unavailable => error.retry_after(),
        _ => None,
    }
}
