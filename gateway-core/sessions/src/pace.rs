//! The share of an account's call rate that one use of it gets.

use std::time::Duration;

use gateway_core::driver::FOR_POLLING;

/// Slowest rate, whatever a registration says. Lower lets a listing take for ever; higher exceeds small limits.
pub(crate) const SLOWEST: f64 = 0.05;

/// Share of an account's call rate, and the size of its bursts.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    share: f64,
    /// Unused calls are saved up for this long.
    pub(crate) burst: Duration,
}

impl Pace {
    /// Pace of listings: steady, because they never end.
    pub const POLLING: Self = Self { share: FOR_POLLING, burst: Duration::from_secs(1) };

    /// Pace of writes: rare, several calls each, and a client waits for them. A longer burst lets more calls leave
    /// at once; the rate over minutes, which clouds count, stays the same.
    pub const WRITES: Self = Self { share: 1.0 - FOR_POLLING, burst: Duration::from_secs(10) };

    /// Returns the calls per second of this share.
    pub(crate) fn rate(&self, calls_per_second: f64) -> f64 {
        // `max` also replaces NaN.
        (calls_per_second * self.share).max(SLOWEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_rate_becomes_the_slowest() {
        for rate in [0.0, -1.0, f64::NAN] {
            assert!(Pace::POLLING.rate(rate) >= SLOWEST, "{rate}");
        }
    }
}
