//! When to send again, and after how long.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use gateway_core::error::{Error, ErrorKind, Status};

/// Times that a request is sent. Higher hides longer faults; lower fails sooner and spends less budget.
const TRIES: u32 = 3;

/// First wait; each further one is twice as long.
const BASE: Duration = Duration::from_millis(200);

/// Longest wait that is slept here: what asks for more is left to the caller's schedule.
const PATIENCE: Duration = Duration::from_secs(2);

/// What to do after a failed try.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Send again after that long.
    Again(Duration),
    /// Give up with this.
    GiveUp(Error),
}

/// Decides by the error's status, whether the request may act twice, and what the cloud asked for.
pub(crate) fn after(error: Error, attempt: u32, may_repeat: bool) -> Verdict {
    if error.status() != Status::Temporary || !may_repeat {
        return Verdict::GiveUp(error);
    }
    let wait = error.retry_after().unwrap_or_else(|| backoff(attempt));
    // Each try of a slow endpoint holds up the caller for the whole time limit: two are enough.
    let tries = if error.kind() == ErrorKind::Timeout { 2 } else { TRIES };
    if attempt < tries && wait <= PATIENCE {
        return Verdict::Again(wait);
    }
    Verdict::GiveUp(if attempt > 1 { error.with_status(Status::Persistent) } else { error })
}

/// Between half and all of the doubled base, so that those who failed together do not return together.
fn backoff(attempt: u32) -> Duration {
    let full = BASE * 2_u32.pow(attempt.saturating_sub(1).min(8));
    // The hasher's keys are random: the cheapest jitter that needs no crate.
    let random = RandomState::new().hash_one(attempt) % 1000;
    full / 2 + full / 2 * random as u32 / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_and_the_count_decide() {
        let down = || Error::unavailable("down");
        assert!(matches!(after(down(), 1, true), Verdict::Again(wait) if wait <= BASE));
        assert!(matches!(after(down(), 2, true), Verdict::Again(wait) if wait <= BASE * 2));
        assert!(matches!(after(down(), 3, true), Verdict::GiveUp(e) if e.status() == Status::Persistent));
        assert!(matches!(after(down(), 1, false), Verdict::GiveUp(e) if e.status() == Status::Temporary));
        assert!(matches!(after(Error::invalid("no"), 1, true), Verdict::GiveUp(_)));
        let slow = || Error::new(ErrorKind::Timeout, "slow");
        assert!(matches!(after(slow(), 1, true), Verdict::Again(_)));
        assert!(matches!(after(slow(), 2, true), Verdict::GiveUp(e) if e.status() == Status::Persistent));
    }

    #[test]
    fn a_long_pause_is_left_to_the_caller() {
        let error = |seconds| Error::unavailable("busy").with_retry_after(Duration::from_secs(seconds));
        assert!(matches!(after(error(1), 1, true), Verdict::Again(wait) if wait == Duration::from_secs(1)));
        assert!(matches!(after(error(30), 1, true), Verdict::GiveUp(e) if e.retry_after().is_some()));
    }
}
