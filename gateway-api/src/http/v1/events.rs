//! `GET /v1/events?after=`: the event log, as far as the caller may see it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gateway_bus::WorkClass;
use serde::Serialize;
use serde_json::{Value, json};

use super::Answer;
use super::api_operation::{ApiOperation, reference};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::read;
use crate::http::query::{Query, invalid};

/// The events of a page without `limit`.
const DEFAULT_LIMIT: usize = 100;

/// Most events of a page. A higher value saves requests; a lower one saves memory and keeps messages small.
const MAX_LIMIT: usize = 1000;

/// The response.
#[derive(Debug, Serialize)]
pub(super) struct Events {
    items: Vec<Value>,
    position: i64,
    more: bool,
}

/// Lists events after a position.
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: Query,
) -> Answer<Json<Events>> {
    query.expect(&["after", "limit"])?;
    let limit = query.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let after = query.get("after").and_then(|text| text.parse().ok()).filter(|after: &i64| *after >= 0);
    let after =
        after.ok_or_else(|| invalid("after", "must be the position of a list or of the page before"))?;
    let read::Events { documents, position, more } = read::events(&app, &caller, after, limit).await?;
    Ok(Json(Events { items: documents, position, more }))
}

/// Describes the operation.
pub(super) fn operation() -> ApiOperation {
    ApiOperation::new("list_events", "List events after a position, in order", WorkClass::Read)
        .required_query(
            "after",
            "Events after this position",
            json!({ "type": "integer", "format": "int64", "minimum": 0 }),
        )
        .query(
            "limit",
            "Most events of a page",
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
        )
        .answer(
            200,
            "A page of the log; continue after `position`",
            Some(json!({
                "type": "object",
                "required": ["items", "position", "more"],
                "properties": {
                    "items": { "type": "array", "items": reference("Event") },
                    "position": { "type": "integer", "format": "int64" },
                    "more": { "type": "boolean", "description": "There are more events right after this page." },
                },
            })),
        )
        .problem(410, "Events after this position are no longer kept: list again")
}

/// Returns the schemas of this file. CloudEvents have their own specification, so only the data is described in full.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let text = json!({ "type": "string" });
    let event = json!({
        "type": "object",
        "description": "CloudEvents 1.0. The data of `gateway.grant.changed` names position, cloud, account and change alone, and means: list again.",
        "required": ["specversion", "id", "source", "type", "time", "subject", "data"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "type": "string", "format": "uuid", "description": "The same each time the event is published." },
            "source": text,
            "type": { "enum": [
                "gateway.resource.created", "gateway.resource.changed", "gateway.resource.state_changed",
                "gateway.resource.deleted", "gateway.grant.changed",
            ] },
            "time": { "type": "string", "format": "date-time" },
            "subject": { "type": "string", "format": "uuid" },
            "datacontenttype": { "const": "application/json" },
            "data": {
                "type": "object",
                "required": ["position", "cloud", "account"],
                "properties": {
                    "position": { "type": "integer", "format": "int64" },
                    "version": { "type": "integer", "format": "int64" },
                    "kind": text, "cloud": text, "region": text, "account": text,
                    "old_state": { "type": ["string", "null"] },
                    "new_state": { "type": ["string", "null"] },
                    "resource": { "oneOf": [reference("Resource"), { "type": "null" }] },
                    "resource_link": { "type": "string", "description": "The path of a resource whose document is too long for an event." },
                    "change": { "enum": ["granted", "ended"] },
                },
            },
        },
    });
    vec![("Event".to_owned(), event)]
}
