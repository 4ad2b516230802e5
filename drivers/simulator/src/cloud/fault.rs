//! Faults: their effect, the requests that they strike, and how often.

use gateway_core::Kind;
use serde::{Deserialize, Serialize};

/// Effect of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The answer is delayed by `ms`.
    Latency,
    /// The answer is 401.
    Unauthorized,
    /// The answer is 403.
    Forbidden,
    /// The answer is 429 with `retry_after_seconds`.
    RateLimited,
    /// The answer is 500, or `status`.
    ServerError,
    /// The body ends in the middle, and the connection is closed.
    HalfPage,
    /// The answer is 200 with a JSON document of another type.
    WrongDocument,
    /// The answer is 200 with an empty listing.
    EmptyList,
    /// `Date` is shifted by `seconds`.
    Skew,
    /// The answer has no `Date`.
    NoDate,
    /// The request is executed and answered `ms` later.
    LateAnswer,
    /// The request is executed and the answer is 500, or `status`.
    ActsThenFails,
    /// The request is executed and the connection is closed without an answer.
    ActsThenCloses,
}

/// A fault with its filters; an absent filter matches every request to the cloud.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Effect of the fault.
    pub fault: FaultKind,
    /// Filter by kind, such as `instance` or `instances`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Filter by region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Filter by account, by name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Filter by the start of the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Filter by method, such as `POST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Filter by writes, or by reads if false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes: Option<bool>,
    /// Number of requests to strike; unlimited if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Parameter of `skew`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// Parameter of `latency` and `late_answer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Parameter of `rate_limited`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// Parameter of `server_error` and `acts_then_fails`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Number of requests that it has struck, counted by the cloud.
    #[serde(default)]
    pub struck: u64,
}

impl Fault {
    /// Creates a fault that strikes every request.
    pub fn new(fault: FaultKind) -> Self {
        Self {
            fault,
            kind: None,
            region: None,
            account: None,
            path: None,
            method: None,
            writes: None,
            times: None,
            seconds: None,
            ms: None,
            retry_after_seconds: None,
            status: None,
            struck: 0,
        }
    }

    fn is_over(&self) -> bool {
        self.times.is_some_and(|times| self.struck >= times)
    }

    fn matches(&self, request: &RequestFacts<'_>) -> bool {
        let same = |filter: &Option<String>, fact: &[Option<&str>]| {
            filter.as_deref().is_none_or(|filter| fact.contains(&Some(filter)))
        };
        let singular = request.collection.and_then(Kind::parse_plural).map(Kind::as_str);
        same(&self.kind, &[request.collection, singular])
            && same(&self.region, &[request.region])
            && same(&self.account, &[request.account_name, request.account_id])
            && self.path.as_deref().is_none_or(|start| request.path.starts_with(start))
            && self.method.as_deref().is_none_or(|method| request.method == method)
            && self.writes.is_none_or(|writes| request.is_write == writes)
            && (self.fault != FaultKind::EmptyList || request.is_listing)
    }
}

/// Properties of a request that filters compare.
#[derive(Debug)]
pub(crate) struct RequestFacts<'a> {
    pub(crate) path: &'a str,
    pub(crate) region: Option<&'a str>,
    pub(crate) collection: Option<&'a str>,
    pub(crate) method: &'a str,
    /// Whether the request changes something.
    pub(crate) is_write: bool,
    pub(crate) is_listing: bool,
    pub(crate) account_name: Option<&'a str>,
    pub(crate) account_id: Option<&'a str>,
}

/// Current faults.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    /// Returns the faults that strike a request, and counts them.
    pub(crate) fn strike(&mut self, request: &RequestFacts<'_>) -> Vec<Fault> {
        let mut struck = Vec::new();
        for fault in self.0.iter_mut().filter(|fault| !fault.is_over() && fault.matches(request)) {
            fault.struck += 1;
            struck.push(fault.clone());
        }
        struck
    }
}
