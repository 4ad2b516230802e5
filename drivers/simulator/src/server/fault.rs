//! Faults on request: what goes wrong, for which requests, and how often.

use serde::{Deserialize, Serialize};

use super::sort::Sort;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The answer comes `ms` late.
    Latency,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 429 with `retry_after_seconds`.
    RateLimited,
    /// 500, or `status`.
    ServerError,
    /// The body ends in its middle, and with it the connection.
    HalfPage,
    /// 200 with a JSON document of another type.
    WrongDocument,
    /// 200 with a listing of nothing.
    EmptyList,
    /// `Date` is off by `seconds`.
    Skew,
    /// No `Date` at all.
    NoDate,
    /// The request is done and then answered `ms` late.
    LateAnswer,
    /// The request is done and then answered with 500, or `status`.
    ActsThenFails,
    /// The request is done and its connection closed without an answer.
    ActsThenCloses,
}

/// One fault; a filter that is not given matches every request to the cloud.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub fault: FaultKind,
    /// Only requests for this kind, such as `instance` or `instances`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only requests in this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Only requests of this account, by name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Only paths that start so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only requests of this method, such as `POST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only what changes something, or only what does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes: Option<bool>,
    /// How many requests it strikes before it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// For `skew`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// For `latency` and `late_answer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// For `rate_limited`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// For `server_error` and `acts_then_fails`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How many requests it has struck; counted by the cloud.
    #[serde(default)]
    pub struck: u64,
}

impl Fault {
    /// A fault that strikes every request.
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

    fn matches(&self, request: &Facts<'_>) -> bool {
        let same = |filter: &Option<String>, fact: &[Option<&str>]| {
            filter.as_deref().is_none_or(|filter| fact.contains(&Some(filter)))
        };
        let singular = request.collection.and_then(Sort::parse_plural).map(Sort::word);
        same(&self.kind, &[request.collection, singular])
            && same(&self.region, &[request.region])
            && same(&self.account, &[request.account_name, request.account_id])
            && self.path.as_deref().is_none_or(|start| request.path.starts_with(start))
            && self.method.as_deref().is_none_or(|method| request.method == method)
            && self.writes.is_none_or(|writes| request.is_write == writes)
            && (self.fault != FaultKind::EmptyList || request.is_listing)
    }
}

/// What faults look at in a request.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) path: &'a str,
    pub(super) region: Option<&'a str>,
    pub(super) collection: Option<&'a str>,
    pub(super) method: &'a str,
    /// It changes something, if it is done.
    pub(super) is_write: bool,
    pub(super) is_listing: bool,
    pub(super) account_name: Option<&'a str>,
    pub(super) account_id: Option<&'a str>,
}

#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    /// The faults that strike this request, each counted.
    pub(super) fn strike(&mut self, request: &Facts<'_>) -> Vec<Fault> {
        let mut struck = Vec::new();
        for fault in self.0.iter_mut().filter(|fault| !fault.is_over() && fault.matches(request)) {
            fault.struck += 1;
            struck.push(fault.clone());
        }
        struck
    }
}
