//! The clock gate: the difference between an endpoint's clock and ours, and its limit.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};

/// The difference beyond which an endpoint is rejected: signatures and tokens fail there, and its times cannot be compared
/// with ours. A higher limit accepts worse clocks; a lower one rejects endpoints that still work.
pub const LIMIT: Duration = Duration::from_secs(300);

/// The resolution of `Date`: up to this much of the difference is rounding.
const RESOLUTION: Duration = Duration::from_secs(1);

/// A comparison of an endpoint's clock with ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// Their clock minus the middle of the round trip, in microseconds.
    pub micros: i64,
    /// The part of the difference that the round trip and rounding may explain.
    pub uncertainty: Duration,
}

impl Skew {
    /// Compares a `Date` with the middle of its round trip.
    pub fn measure(date: Timestamp, sent: Timestamp, received: Timestamp) -> Self {
        let round_trip = received.since(sent);
        let middle = sent.plus(round_trip / 2);
        Self { micros: date.0 - middle.0, uncertainty: round_trip / 2 + RESOLUTION }
    }

    /// Returns whether the difference exceeds the limit even without the uncertain part.
    pub fn is_excessive(self) -> bool {
        let certain = self.micros.unsigned_abs().saturating_sub(self.uncertainty.as_micros() as u64);
        certain > LIMIT.as_micros() as u64
    }

    /// Returns their clock minus ours, rounded to whole seconds.
    pub fn seconds(self) -> i64 {
        (self.micros + self.micros.signum() * 500_000) / 1_000_000
    }

    /// Returns the error that names the difference.
    pub fn to_error(self, endpoint: &str) -> Error {
        let seconds = self.seconds();
        let direction = if seconds > 0 { "ahead of" } else { "behind" };
        Error::new(
            ErrorKind::ClockSkew { seconds },
            format!(
                "the clock of `{endpoint}` is {} s {direction} ours; the limit is {} s",
                seconds.abs(),
                LIMIT.as_secs()
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(date: i64, sent_ms: i64, received_ms: i64) -> Skew {
        Skew::measure(Timestamp::from_seconds(date), Timestamp(sent_ms * 1000), Timestamp(received_ms * 1000))
    }

    #[test]
    fn skew_beyond_the_limit_is_excessive() {
        // Our clock: 1000.000 to 1000.100, so half the round trip and rounding are 1.05 s of uncertainty.
        for (date, rejected) in
            [(1302, true), (1301, false), (1298, false), (698, true), (702, false), (1000, false)]
        {
            assert_eq!(skew(date, 1_000_000, 1_000_100).is_excessive(), rejected, "{date}");
        }
    }

    #[test]
    fn long_round_trip_raises_the_tolerance() {
        assert!(!skew(1310, 1_000_000, 1_020_000).is_excessive());
    }

    #[test]
    fn error_names_the_skew() {
        let error = skew(1400, 1_000_000, 1_000_000).to_error("nova");
        assert_eq!(error.kind(), ErrorKind::ClockSkew { seconds: 400 });
        assert!(error.message().contains("400 s ahead of"));
    }
}
