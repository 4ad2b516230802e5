//! The clock gate: how far an endpoint's clock is off ours, and whether that is too far.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};

/// An endpoint further off than this is rejected: signatures and tokens stop meaning anything there, and
/// its times can no longer be compared with ours. The figure is the seed system's.
pub const LIMIT: Duration = Duration::from_secs(300);

/// `Date` has whole seconds: up to this much of the difference is rounding.
const RESOLUTION: Duration = Duration::from_secs(1);

/// One comparison of an endpoint's clock with ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// Theirs minus the middle of the round trip, in microseconds.
    pub micros: i64,
    /// How much of that may be the round trip and rounding.
    pub uncertainty: Duration,
}

impl Skew {
    /// Compares a `Date` with the middle of the round trip in which it came.
    pub fn measure(date: Timestamp, sent: Timestamp, received: Timestamp) -> Self {
        let round_trip = received.since(sent);
        let middle = sent.plus(round_trip / 2);
        Self { micros: date.0 - middle.0, uncertainty: round_trip / 2 + RESOLUTION }
    }

    /// Whether the endpoint must be rejected: beyond the limit even if all doubt is given to it.
    pub fn is_excessive(self) -> bool {
        let certain = self.micros.unsigned_abs().saturating_sub(self.uncertainty.as_micros() as u64);
        certain > LIMIT.as_micros() as u64
    }

    /// Theirs minus ours, rounded to whole seconds.
    pub fn seconds(self) -> i64 {
        (self.micros + self.micros.signum() * 500_000) / 1_000_000
    }

    /// The error that names it.
    pub fn to_error(self, endpoint: &str) -> Error {
        let seconds = self.seconds();
        let direction = if seconds > 0 { "ahead of" } else { "behind" };
        Error::new(
            ErrorKind::ClockSkew { seconds },
            format!(
                "the clock of {endpoint} is {} s {direction} ours; more than {} s is rejected",
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
    fn the_gate_opens_and_closes_at_the_limit() {
        // Our clock: 1000.000 to 1000.100, so half the round trip and rounding are 1.05 s of doubt.
        for (date, rejected) in
            [(1302, true), (1301, false), (1298, false), (698, true), (702, false), (1000, false)]
        {
            assert_eq!(skew(date, 1_000_000, 1_000_100).is_excessive(), rejected, "{date}");
        }
    }

    #[test]
    fn a_slow_answer_is_given_the_benefit_of_its_round_trip() {
        assert!(!skew(1310, 1_000_000, 1_020_000).is_excessive());
    }

    #[test]
    fn the_error_names_the_skew() {
        let error = skew(1400, 1_000_000, 1_000_000).to_error("nova");
        assert_eq!(error.kind(), ErrorKind::ClockSkew { seconds: 400 });
        assert!(error.message().contains("400 s ahead of"));
    }
}
