//! Consecutive failures of the gateway's own servers: logged once, retried with backoff, logged when over.

use std::time::Duration;

use gateway_core::Error;
use gateway_core::backoff::Backoff;

/// First wait after a failure. Longer spares a server that has just failed; shorter retries sooner.
const FIRST: Duration = Duration::from_millis(200);

/// Longest wait. Longer spares a struggling server; shorter notices sooner that it is back.
const LONGEST: Duration = Duration::from_secs(5);

/// Counts the consecutive failures of one activity.
#[derive(Debug)]
pub(crate) struct ConsecutiveFailures {
    activity: &'static str,
    backoff: Backoff,
}

impl ConsecutiveFailures {
    pub(crate) fn new(activity: &'static str) -> Self {
        Self { activity, backoff: Backoff::new(FIRST, LONGEST) }
    }

    /// Counts and logs a failure; returns the wait before the next attempt.
    pub(crate) fn record(&mut self, error: &Error) -> Duration {
        let wait = self.backoff.next_wait();
        let failures = self.backoff.failures();
        if failures == 1 {
            tracing::warn!(error = %error.chain(), "{} failed and is tried again", self.activity);
        } else {
            tracing::debug!(failures, error = %error.chain(), "{} failed again", self.activity);
        }
        wait
    }

    /// Starts over after a success, and logs the end of a failure.
    pub(crate) fn clear(&mut self) {
        let failures = self.backoff.reset();
        if failures > 0 {
            tracing::info!(failures, "{} works again", self.activity);
        }
    }
}
