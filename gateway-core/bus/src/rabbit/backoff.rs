//! How long to wait before trying the broker again.

use std::time::Duration;

use uuid::Uuid;

/// First wait. Lower finds a restarted broker sooner.
const FIRST: Duration = Duration::from_millis(100);

/// Longest wait. Higher spares a broker in trouble; lower is back sooner.
const LONGEST: Duration = Duration::from_secs(5);

/// Waits that double, each shortened by up to half at random, so that processes do not come back all at once.
pub(super) struct Backoff(Duration);

impl Backoff {
    pub(super) const fn new() -> Self {
        Self(FIRST)
    }

    /// Starts over, after a success.
    pub(super) fn reset(&mut self) {
        self.0 = FIRST;
    }

    /// The next wait.
    pub(super) fn next(&mut self) -> Duration {
        let full = self.0;
        self.0 = (full * 2).min(LONGEST);
        // A random UUID is at hand and random enough for this.
        let random = f64::from(Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
        full.mul_f64(1.0 - random / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_start_over() {
        let mut backoff = Backoff::new();
        for full in [100, 200, 400, 800, 1600, 3200, 5000, 5000].map(Duration::from_millis) {
            let wait = backoff.next();
            assert!(wait <= full && wait >= full / 2, "{wait:?} of {full:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
