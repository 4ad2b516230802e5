//! The freshness of each scope of an answer.

use std::collections::BTreeMap;

use gateway_core::id::Region;
use gateway_core::{Kind, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::api_operation::{reference, schema_of};
use super::scope_parameters;
use crate::app::visibility::{Freshness, MOST_SCOPES, ScopeFilter, ScopeFreshness, ScopeSummary};
use crate::http::conditional::EntityTag;

/// A scope of an answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Scope {
    /// The name of the cloud.
    cloud: String,
    /// The region.
    #[schema(value_type = String)]
    region: Region,
    /// The id of the account, or `global` for resources that the cloud publishes to all.
    account: String,
    /// The kind.
    #[schema(value_type = String)]
    kind: Kind,
    /// The beginning of the last complete listing; null before the first.
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
    /// How far the scope can be relied on.
    status: Status,
    /// The reason why the scope is not fresh, or a warning.
    reason: Option<String>,
}

/// How far a scope can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// Completely and recently listed.
    Fresh,
    /// Not listed for too long, or not yet.
    Stale,
    /// The last attempt failed.
    Failed,
    /// Not listed for now, for example because a clock is off.
    Suspended,
    /// The caller's credential may not list it.
    Forbidden,
}

impl From<Freshness> for Status {
    fn from(freshness: Freshness) -> Self {
        match freshness {
            Freshness::Fresh => Self::Fresh,
            Freshness::Stale => Self::Stale,
            Freshness::Failed => Self::Failed,
            Freshness::Suspended => Self::Suspended,
            Freshness::Forbidden => Self::Forbidden,
        }
    }
}

impl From<ScopeFreshness> for Scope {
    fn from(scope: ScopeFreshness) -> Self {
        Self {
            cloud: scope.cloud,
            region: scope.region,
            account: scope.holder.to_string(),
            kind: scope.kind,
            as_of: scope.as_of,
            status: scope.status.into(),
            reason: scope.reason,
        }
    }
}

impl Scope {
    /// Converts the scopes of an answer.
    pub(super) fn all(scopes: Vec<ScopeFreshness>) -> Vec<Self> {
        scopes.into_iter().map(Self::from).collect()
    }

    /// Adds the scope to an entity tag, without its age.
    pub(super) fn add_to(&self, tag: &mut EntityTag) {
        tag.add(self.cloud.as_bytes());
        tag.add(self.region.as_str().as_bytes());
        tag.add(self.account.as_bytes());
        tag.add(&[self.status as u8, u8::from(self.as_of.is_some())]);
        tag.add(self.reason.as_deref().unwrap_or_default().as_bytes());
    }
}

/// A summary of all scopes of an answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Summary {
    /// The number of scopes.
    total: usize,
    /// The number of scopes of each status that occurs.
    by_status: BTreeMap<&'static str, usize>,
    /// The beginning of the oldest complete listing; null while a scope that can be listed was never listed.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_as_of: Option<Timestamp>,
    /// The page of `/v1/status` with the first of all these scopes, those that are not fresh first.
    link: String,
}

impl Summary {
    /// Converts the summary of the scopes of a filter.
    pub(super) fn new(summary: ScopeSummary, filter: &ScopeFilter) -> Self {
        let ScopeSummary { total, by_status, oldest_as_of } = summary;
        let by_status = by_status.into_iter().map(|(status, count)| (Status::from(status).as_str(), count));
        Self { total, by_status: by_status.collect(), oldest_as_of, link: scope_parameters::link(filter) }
    }

    /// Adds the summary to an entity tag, without its age.
    pub(super) fn add_to(&self, tag: &mut EntityTag) {
        for (status, count) in &self.by_status {
            tag.add(status.as_bytes());
            tag.add(&count.to_be_bytes());
        }
        tag.add(&[u8::from(self.oldest_as_of.is_some())]);
    }
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::Suspended => "suspended",
            Self::Forbidden => "forbidden",
        }
    }
}

/// Returns the schema of `scopes`.
pub(super) fn scopes_schema() -> Value {
    json!({
        "type": "array",
        "items": reference("Scope"),
        "maxItems": MOST_SCOPES,
        "description": "The first scopes, those that are not fresh before the others; `scope_summary` counts all.",
    })
}

/// Returns the schemas of this file.
pub(super) fn schemas() -> Vec<(String, Value)> {
    vec![schema_of::<Scope>("Scope"), schema_of::<Status>("Status"), schema_of::<Summary>("ScopeSummary")]
}
