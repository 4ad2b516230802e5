//! Comparisons of our clock with those of clouds' endpoints.

use std::fmt;
use std::time::Duration;

use crate::id::CloudId;
use crate::skew::Skew;

/// Receives every comparison of clocks, so that a wrong clock of our own is noticed.
pub trait SkewWatch: Send + Sync + fmt::Debug {
    /// Records one response of an endpoint; `None` for a response without a `Date` header.
    fn observed(&self, cloud: CloudId, endpoint: &str, skew: Option<Skew>);

    /// Returns the last comparison with each endpoint that was compared after a mark, and the mark for the next call. The
    /// first mark is 0.
    fn compared_since(&self, mark: u64) -> (Vec<EndpointClock>, u64) {
        (Vec::new(), mark)
    }
}

/// The last comparison with one endpoint's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointClock {
    /// The cloud that the endpoint belongs to.
    pub cloud: CloudId,
    /// Scheme, host and port.
    pub endpoint: String,
    /// The difference; none for an endpoint whose answers have no `Date` header.
    pub skew: Option<Skew>,
    /// The time since the comparison.
    pub age: Duration,
}

/// A watch that ignores every comparison.
#[derive(Debug, Default)]
pub struct Unwatched;

impl SkewWatch for Unwatched {
    fn observed(&self, _cloud: CloudId, _endpoint: &str, _skew: Option<Skew>) {}
}
