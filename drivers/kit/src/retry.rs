//! The retry rule: whether a failed request to a cloud is sent again, and after how long.
//!
//! A request is sent again if its error is temporary, and if a second try can do no harm: the request is idempotent or
//! certainly did not reach the cloud. It is sent up to three times, a request that timed out up to twice. The waits
//! double, unless the cloud asks for another wait; a wait of more than two seconds is left to the caller.

use std::time::Duration;

use gateway_core::backoff::Backoff;
use gateway_core::error::{Error, ErrorKind, Status};

/// Most attempts at one request. Higher hides longer faults; lower fails sooner and spends less of the call budget.
const MAX_ATTEMPTS: u32 = 3;

/// Most attempts at a request that times out: each holds up the caller for the whole time limit.
const MAX_ATTEMPTS_AT_TIMEOUT: u32 = 2;

/// First wait; each further one is twice as long. Longer spares the cloud; shorter answers the caller sooner.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Longest wait between two attempts. A cloud that asks for a longer one is left to the caller's schedule.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The next step after a failed attempt.
#[derive(Debug)]
pub(crate) enum Decision {
    /// Send the request again after this wait.
    Retry(Duration),
    /// Return this error to the caller.
    GiveUp(Error),
}

/// Decides on the next step after failed attempt number `attempt`. `may_repeat` says that another attempt can do no
/// harm.
pub(crate) fn decide(error: Error, attempt: u32, may_repeat: bool) -> Decision {
    if error.status() != Status::Temporary || !may_repeat {
        return Decision::GiveUp(error);
    }
    let backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
    let wait = error.retry_after().unwrap_or_else(|| backoff.wait_after(attempt));
    let is_timeout = error.kind() == ErrorKind::Timeout;
    let max_attempts = if is_timeout { MAX_ATTEMPTS_AT_TIMEOUT } else { MAX_ATTEMPTS };
    if attempt < max_attempts && wait <= LONGEST_WAIT {
        return Decision::Retry(wait);
    }
    Decision::GiveUp(if attempt > 1 { error.with_status(Status::Persistent) } else { error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_depends_on_status_and_attempts() {
        let down = || Error::unavailable("down");
        assert!(matches!(decide(down(), 1, true), Decision::Retry(wait) if wait <= FIRST_WAIT));
        assert!(matches!(decide(down(), 2, true), Decision::Retry(wait) if wait <= FIRST_WAIT * 2));
        assert!(matches!(decide(down(), 3, true), Decision::GiveUp(e) if e.status() == Status::Persistent));
        assert!(matches!(decide(down(), 1, false), Decision::GiveUp(e) if e.status() == Status::Temporary));
        assert!(matches!(decide(Error::invalid("no"), 1, true), Decision::GiveUp(_)));
        let slow = || Error::new(ErrorKind::Timeout, "slow");
        assert!(matches!(decide(slow(), 1, true), Decision::Retry(_)));
        assert!(matches!(decide(slow(), 2, true), Decision::GiveUp(e) if e.status() == Status::Persistent));
    }

    #[test]
    fn long_retry_after_is_left_to_the_caller() {
        let error = |seconds| Error::unavailable("busy").with_retry_after(Duration::from_secs(seconds));
        assert!(matches!(decide(error(1), 1, true), Decision::Retry(wait) if wait == Duration::from_secs(1)));
        assert!(matches!(decide(error(30), 1, true), Decision::GiveUp(e) if e.retry_after().is_some()));
    }
}
