//! The deadline of a request.

use std::time::Duration;

use gateway_core::Timestamp;

/// Part of the time of a request that is kept for its answer to travel.
const ANSWER_TIME: Duration = Duration::from_millis(500);

/// Time of a request without a deadline.
const DEFAULT: Duration = Duration::from_secs(60);

/// The time by which the caller must have the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Timestamp>);

impl Deadline {
    /// Creates a deadline; none stands for a request whose deadline is not known.
    pub(crate) fn new(at: Option<Timestamp>) -> Self {
        Self(at)
    }

    /// Returns the time that is left before the answer must leave.
    pub(super) fn left(self, now: Timestamp) -> Duration {
        self.0.map_or(DEFAULT, |at| at.since(now).saturating_sub(ANSWER_TIME))
    }

    /// Returns an earlier deadline for the parts of a bulk command, whose results are then collected.
    pub(super) fn of_parts(self) -> Self {
        Self(self.0.map(|at| at.minus(ANSWER_TIME.saturating_mul(2))))
    }
}
