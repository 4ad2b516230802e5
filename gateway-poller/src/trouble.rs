//! Faults of our own servers: logged once, waited out, logged when over.

use std::time::Duration;

use gateway_core::Error;

use crate::interval::spread;

/// First wait after a fault; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(200);

/// Longest wait. Longer spares a struggling server; shorter notices sooner that it is back.
const LONGEST: Duration = Duration::from_secs(5);

/// Counts what fails in a row.
#[derive(Debug)]
pub(crate) struct Trouble {
    what: &'static str,
    seed: u64,
    failures: u32,
}

impl Trouble {
    /// `seed` keeps processes that failed together from returning together.
    pub(crate) fn new(what: &'static str, seed: u64) -> Self {
        Self { what, seed, failures: 0 }
    }

    /// It failed: how long to wait.
    pub(crate) fn met(&mut self, error: &Error) -> Duration {
        self.failures = self.failures.saturating_add(1);
        if self.failures == 1 {
            tracing::warn!(error = %error.chain(), "{} fails, and is tried again", self.what);
        } else {
            tracing::debug!(error = %error.chain(), failures = self.failures, "{} still fails", self.what);
        }
        let wait = FIRST.saturating_mul(1 << (self.failures - 1).min(10)).min(LONGEST);
        spread(wait, self.seed ^ u64::from(self.failures))
    }

    /// It worked.
    pub(crate) fn over(&mut self) {
        if self.failures > 0 {
            tracing::info!(failures = self.failures, "{} works again", self.what);
            self.failures = 0;
        }
    }
}
