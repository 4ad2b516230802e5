//! `GET /v1/operations` and `/v1/operations/{id}`: the caller's mutating requests and their outcomes.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use gateway_bus::WorkClass;
use gateway_core::id::OperationId;
use serde::Serialize;
use serde_json::json;

use super::Answer;
use super::api_operation::{ApiOperation, reference};
use super::operation_document::OperationDocument;
use crate::app::access::Caller;
use crate::app::operation::{OperationQuery, OperationState};
use crate::app::{App, Error};
use crate::http::query::Query;

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 500;

#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<OperationDocument>,
    next: Option<String>,
}

pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, query: Query) -> Answer<Json<Page>> {
    query.expect(&["limit", "cursor", "state"])?;
    let limit = query.limit(DEFAULT_LIMIT, MOST)?;
    let before = query.get("cursor").map(|text| {
        text.parse::<OperationId>()
            .map_err(|_| Error::invalid_query("cursor", "must be the `next` of a page of this list"))
    });
    let state = query.get("state").map(|word| {
        OperationState::parse(word).ok_or_else(|| {
            Error::invalid_query("state", "must be accepted, running, succeeded, failed or unknown")
        })
    });
    let query = OperationQuery { state: state.transpose()?, before: before.transpose()?, limit };
    let page = app.list_operations(&caller, query).await?;
    let items = page.operations.iter().map(|operation| OperationDocument::of(operation, Some(&caller)));
    Ok(Json(Page { items: items.collect(), next: page.next.map(|id| id.to_string()) }))
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<OperationDocument>> {
    query.expect(&[])?;
    let id: OperationId = id.parse().map_err(|_| Error::UnknownOperation)?;
    let operation = app.get_operation(&caller, id).await?;
    Ok(Json(OperationDocument::of(&operation, Some(&caller))))
}

pub(super) fn describe_list() -> ApiOperation {
    let states = ["accepted", "running", "succeeded", "failed", "unknown"];
    let page = json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": { "type": "array", "items": reference("OperationDocument") },
            "next": { "type": ["string", "null"], "description": "The `cursor` of the next page; null on the last." },
        },
    });
    ApiOperation::new("list_operations", "List the caller's operations, the newest first", WorkClass::Read)
        .query("state", "Only operations in this state", json!({ "type": "string", "enum": states }))
        .query(
            "limit",
            "Most operations of a page",
            json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT }),
        )
        .query("cursor", "The `next` of the page before", json!({ "type": "string" }))
        .answer(200, "A page", Some(page))
}

pub(super) fn describe_get() -> ApiOperation {
    ApiOperation::new("get_operation", "Get an operation", WorkClass::Read)
        .path("id", "The operation's id", json!({ "type": "string", "format": "uuid" }))
        .answer(200, "The operation", Some(reference("OperationDocument")))
        .problem(404, "The caller has no such operation, or it was purged")
}
