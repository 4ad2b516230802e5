//! `GET /v1/audit`: the audit of the caller's accounts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gateway_bus::WorkClass;
use gateway_core::Timestamp;
use gateway_core::id::{AccountId, OperationId, PrincipalId, ResourceId};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Answer;
use super::api_operation::{ApiOperation, reference, schema_of};
use crate::app::access::Caller;
use crate::app::audit::AuditLine;
use crate::app::{App, Error};
use crate::http::query::Query;

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1000;

/// A line of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditDocument {
    /// Number of the line; later lines have higher numbers.
    seq: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = uuid::Uuid)]
    operation: OperationId,
    /// The principal that sent the request.
    #[schema(value_type = uuid::Uuid)]
    principal: PrincipalId,
    /// The name of the principal at that time.
    principal_name: String,
    #[schema(value_type = uuid::Uuid)]
    account: AccountId,
    cloud: Option<String>,
    region: String,
    kind: String,
    verb: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    resource: Option<ResourceId>,
    /// SHA-256 of the request, in hexadecimal.
    request_digest: String,
    /// The state of the operation.
    outcome: String,
    /// The HTTP status of its answer.
    status: Option<i32>,
    /// The error code of the cloud.
    cloud_code: Option<String>,
}

impl From<AuditLine> for AuditDocument {
    fn from(line: AuditLine) -> Self {
        Self {
            seq: line.seq,
            at: line.at,
            operation: line.operation,
            principal: line.principal,
            principal_name: line.principal_name,
            account: line.account,
            cloud: line.cloud_name,
            region: line.region,
            kind: line.kind,
            verb: line.verb,
            resource: line.resource,
            request_digest: hex::encode(&line.digest),
            outcome: line.outcome,
            status: line.status,
            cloud_code: line.cloud_code,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<AuditDocument>,
    next: Option<i64>,
}

pub(super) async fn handle(State(app): State<Arc<App>>, caller: Caller, query: Query) -> Answer<Json<Page>> {
    query.expect(&["limit", "after"])?;
    let limit = query.limit(DEFAULT_LIMIT, MOST)?;
    let after = query
        .get("after")
        .map(|text| text.parse().map_err(|_| Error::invalid_query("after", "must be a whole number")));
    let page = app.list_audit(&caller, after.transpose()?.unwrap_or_default(), limit).await?;
    Ok(Json(Page { items: page.lines.into_iter().map(AuditDocument::from).collect(), next: page.next }))
}

pub(super) fn operation() -> ApiOperation {
    let page = json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": { "type": "array", "items": reference("AuditDocument") },
            "next": { "type": ["integer", "null"], "description": "The `after` of the next page; null on the last." },
        },
    });
    let summary = "List the requests for the caller's accounts and their outcomes, the oldest first";
    ApiOperation::new("list_audit", summary, WorkClass::Read)
        .query("after", "Only lines with a higher number", json!({ "type": "integer", "format": "int64" }))
        .query(
            "limit",
            "Most lines of a page",
            json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT }),
        )
        .answer(200, "A page", Some(page))
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    vec![schema_of::<AuditDocument>("AuditDocument")]
}
