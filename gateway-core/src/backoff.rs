//! Exponential backoff with jitter: the wait between attempts at something that keeps failing.

use std::time::Duration;

/// Doublings of the first wait after which it grows no more. Every bound in use is reached long before.
const MOST_DOUBLINGS: u32 = 20;

/// Waits that double with each consecutive failure, up to a bound.
///
/// The caller chooses both bounds. A shorter first wait finds a short fault over sooner, and a longer one spares the
/// other side. A shorter bound finds a long fault over sooner, and a longer one costs fewer attempts while it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Makes a backoff that has seen no failure.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// Counts a failure and returns the wait before the next attempt, with jitter.
    pub fn next_wait(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.wait_after(self.failures)
    }

    /// Starts over after a success. Returns the number of failures before it.
    pub fn reset(&mut self) -> u32 {
        std::mem::take(&mut self.failures)
    }

    /// Returns the number of failures since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns the wait after a number of consecutive failures that the caller counts, with jitter.
    pub fn wait_after(&self, failures: u32) -> Duration {
        jitter(self.longest_after(failures))
    }

    /// Returns the wait after a number of consecutive failures, without jitter.
    pub fn longest_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(MOST_DOUBLINGS);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

/// Shortens a wait at random by up to half, so that processes that failed together do not return together.
pub fn jitter(longest: Duration) -> Duration {
    longest.mul_f64(1.0 - fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);

    #[test]
    fn waits_double_up_to_the_bound_and_start_over() {
        let mut backoff = Backoff::new(FIRST, Duration::from_secs(5));
        for longest in [100, 200, 400, 800, 1600, 3200, 5000, 5000].map(Duration::from_millis) {
            let wait = backoff.next_wait();
            assert!(wait <= longest && wait >= longest / 2, "{wait:?} of {longest:?}");
        }
        assert_eq!(backoff.reset(), 8);
        assert_eq!(backoff.failures(), 0);
        assert!(backoff.next_wait() <= FIRST);
    }

    #[test]
    fn any_number_of_failures_has_a_wait() {
        let backoff = Backoff::new(FIRST, Duration::from_secs(600));
        let waits = [0, 1, 2, 14, 100, u32::MAX].map(|failures| backoff.longest_after(failures).as_millis());
        assert_eq!(waits, [100, 100, 200, 600_000, 600_000, 600_000]);
    }

    #[test]
    fn jitter_spreads_between_half_and_all() {
        let waits: Vec<_> = (0..1000).map(|_| jitter(FIRST)).collect();
        assert!(waits.iter().all(|wait| (FIRST / 2..=FIRST).contains(wait)));
        assert!(
            waits.iter().any(|wait| *wait < FIRST * 6 / 10)
                && waits.iter().any(|wait| *wait > FIRST * 9 / 10)
        );
    }
}
