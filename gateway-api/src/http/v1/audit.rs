//! `GET /v1/audit`: who asked for what at the caller's accounts, and what became of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gateway_bus::WorkClass;
use gateway_core::Timestamp;
use gateway_core::id::{AccountId, OperationId, PrincipalId, ResourceId};
use gateway_store::{AuditFilter, AuditLine};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Answer;
use super::operation::{Operation, reference, schema_of};
use super::operations::hex;
use crate::http::bearer::Caller;
use crate::http::query::{Query, invalid};
use crate::http::state::Api;

const DEFAULT: usize = 100;
const MOST: usize = 1000;

/// One line of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditDocument {
    /// Its place in the order of all lines.
    seq: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = uuid::Uuid)]
    operation: OperationId,
    /// The client that asked, by its id.
    #[schema(value_type = uuid::Uuid)]
    principal: PrincipalId,
    /// And by its name at that time.
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
    /// The state that the operation came into.
    outcome: String,
    /// The HTTP status of its answer.
    status: Option<i32>,
    /// The cloud's own code.
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
            request_digest: hex(&line.digest),
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

pub(super) async fn handle(
    State(state): State<Arc<Api>>,
    caller: Caller,
    query: Query,
) -> Answer<Json<Page>> {
    query.expect(&["limit", "after"])?;
    let limit = query.limit(DEFAULT, MOST)?;
    let after =
        query.get("after").map(|text| text.parse::<i64>().map_err(|_| invalid("after", "must be a number")));
    let filter = AuditFilter {
        accounts: Some(caller.authority.acts_for.clone()),
        after: after.transpose()?.unwrap_or_default(),
        limit: limit as i64 + 1,
    };
    let mut lines = state.store.audit_list(filter).await?;
    let more = lines.len() > limit;
    lines.truncate(limit);
    let next = lines.last().filter(|_| more).map(|line| line.seq);
    Ok(Json(Page { items: lines.into_iter().map(AuditDocument::from).collect(), next }))
}

pub(super) fn operation() -> Operation {
    let page = json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": { "type": "array", "items": reference("AuditDocument") },
            "next": { "type": ["integer", "null"], "description": "What to send as `after` for the next page; null on the last." },
        },
    });
    let summary = "Who asked for what at the caller's accounts, and what became of it, the oldest first";
    Operation::new("list_audit", summary, WorkClass::Read)
        .query("after", "Only lines after this one", json!({ "type": "integer", "format": "int64" }))
        .query(
            "limit",
            "Most lines of a page",
            json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT }),
        )
        .answer(200, "A page", Some(page))
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    vec![schema_of::<AuditDocument>("AuditDocument")]
}
