//! The query parameters `cloud`, `region`, `account` and `kind`, by which a request names scopes.

use gateway_core::Kind;
use serde_json::json;

use super::Answer;
use super::api_operation::ApiOperation;
use crate::app::visibility::ScopeFilter;
use crate::http::query::{Query, invalid};

/// The names of the parameters.
pub(super) const PARAMETERS: [&str; 4] = ["cloud", "region", "account", "kind"];

/// Parses the parameters.
pub(super) fn parse(query: &Query) -> Answer<ScopeFilter> {
    let text = |name| query.get(name).map(str::to_owned);
    Ok(ScopeFilter {
        cloud: text("cloud"),
        region: text("region"),
        account: text("account"),
        kind: kind(query)?,
    })
}

fn kind(query: &Query) -> Answer<Option<Kind>> {
    let Some(name) = query.get("kind") else { return Ok(None) };
    let known = || Kind::ALL.iter().copied().map(Kind::as_str).collect::<Vec<_>>().join(", ");
    Kind::parse(name).map(Some).ok_or_else(|| invalid("kind", format!("must be one of {}", known())))
}

/// Returns the link to the status of the scopes of a filter.
pub(super) fn link(filter: &ScopeFilter) -> String {
    let ScopeFilter { cloud, region, account, kind } = filter;
    let values = [cloud.as_deref(), region.as_deref(), account.as_deref(), kind.map(Kind::as_str)];
    let given = PARAMETERS.iter().zip(values).filter_map(|(name, value)| Some((name, value?)));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    if query.is_empty() { "/v1/status".to_owned() } else { format!("/v1/status?{query}") }
}

/// Describes `cloud`, `region` and `account` in the OpenAPI document.
pub(super) fn describe(operation: ApiOperation) -> ApiOperation {
    let text = || json!({ "type": "string" });
    operation
        .query("cloud", "Only of the cloud of this name", text())
        .query("region", "Only of this region", text())
        .query("account", "Only of this account, by its id; or `global`", text())
}
