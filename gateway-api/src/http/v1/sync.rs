//! `GET /v1/sync`: a copy of all records that the caller may see, as NDJSON.
//!
//! The first line has the position to follow from and the scopes, each line after it one record, and the last line
//! marks the end. A handler answers with one part and names the target of the next in a header, which the front
//! requests: no message grows with the fleet.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use gateway_bus::WorkClass;
use serde_json::json;

use super::api_operation::{ApiOperation, reference};
use super::scopes::{Scope, Summary, scopes_schema};
use super::{Answer, Problem, scope_parameters};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::read::{self, SyncPage, SyncQuery};
use crate::http::continuation::CONTINUE;
use crate::http::query::Query;

/// Answers with one part of the copy.
pub(super) async fn handle(State(app): State<Arc<App>>, caller: Caller, query: Query) -> Answer<Response> {
    let [cloud, region, account, kind] = scope_parameters::PARAMETERS;
    query.expect(&[cloud, region, account, kind, "cursor"])?;
    let sync = SyncQuery {
        scopes: scope_parameters::parse(&query)?,
        cursor: query.get("cursor").map(str::to_owned),
    };
    let page = read::sync(&app, &caller, &sync).await?;
    let next = page.next.clone();
    let mut response = ([(CONTENT_TYPE, "application/x-ndjson")], lines(page, &sync)).into_response();
    if let Some(next) = next {
        let target = format!("/v1/sync?{}", query.replaced("cursor", &next));
        let value = target.parse().map_err(|_| Problem::internal())?;
        response.headers_mut().insert(CONTINUE, value);
    }
    Ok(response)
}

fn lines(page: SyncPage, sync: &SyncQuery) -> String {
    let SyncPage { position, scopes, documents, next } = page;
    let mut lines = String::new();
    // Writing to a string cannot fail.
    if let Some(scopes) = scopes {
        let summary = Summary::new(scopes.summary, &sync.scopes);
        let head =
            json!({ "position": position, "scopes": Scope::all(scopes.first), "scope_summary": summary });
        let _ = writeln!(lines, "{head}");
    }
    for document in documents {
        let _ = writeln!(lines, "{{\"resource\":{document}}}");
    }
    if next.is_none() {
        let end = json!({ "end": true, "position": position });
        let _ = writeln!(lines, "{end}");
    }
    lines
}

/// Describes the operation.
pub(super) fn operation() -> ApiOperation {
    let line = json!({
        "description": "The first line has `position` and `scopes`, each line after it one `resource`, and the last `end`. \
                        Without `end` the answer is incomplete.",
        "oneOf": [
            {
                "type": "object",
                "required": ["position", "scopes", "scope_summary"],
                "properties": {
                    "position": { "type": "integer", "format": "int64", "description": "Follow /v1/events from here." },
                    "scopes": scopes_schema(),
                    "scope_summary": reference("ScopeSummary"),
                },
            },
            { "type": "object", "required": ["resource"], "properties": { "resource": reference("Resource") } },
            {
                "type": "object",
                "required": ["end", "position"],
                "properties": { "end": { "const": true }, "position": { "type": "integer", "format": "int64" } },
            },
        ],
    });
    let operation = ApiOperation::new("sync", "Copy every record, as NDJSON", WorkClass::Read);
    scope_parameters::describe(operation)
        .kind()
        .query(
            "cursor",
            "For programs on the bus: the next part, as the header `gateway-continue` of the part before names it",
            json!({ "type": "string" }),
        )
        .stream(200, "NDJSON", "application/x-ndjson", line)
}
