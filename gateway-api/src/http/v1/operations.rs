//! `GET /v1/operations` and `/v1/operations/{id}`: what became of writes; and the answers of writes themselves.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use gateway_bus::WorkClass;
use gateway_core::driver::OneTimeOutput;
use gateway_core::id::OperationId;
use gateway_core::kind::Verb;
use gateway_core::{Kind, Timestamp};
use gateway_store::{Operation as Stored, OperationState};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::operation::{Operation, reference as schema_reference, schema_of};
use super::write::located;
use super::{Answer, Problem};
use crate::app::Error;
use crate::app::error::Failure;
use crate::http::bearer::Caller;
use crate::http::query::{Query, bad};
use crate::http::state::Api;

const DEFAULT: usize = 50;
const MOST: usize = 500;

/// One mutating request and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OperationDocument {
    #[schema(value_type = uuid::Uuid)]
    id: OperationId,
    /// `accepted`, `running`, `succeeded`, `failed`, or `unknown` as long as nobody knows what the cloud did.
    #[schema(value_type = String)]
    state: OperationState,
    /// Nothing more will become of it.
    over: bool,
    #[schema(value_type = String)]
    verb: Verb,
    #[schema(value_type = String)]
    kind: Kind,
    /// Name of the cloud, while its account is the caller's.
    cloud: Option<String>,
    region: String,
    #[schema(value_type = uuid::Uuid)]
    account: gateway_core::id::AccountId,
    /// The resource that it is about.
    #[schema(value_type = Option<uuid::Uuid>)]
    resource: Option<gateway_core::id::ResourceId>,
    /// What it made or changed.
    resources: Vec<ResourceReference>,
    /// SHA-256 of the request, in hexadecimal.
    request_digest: String,
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
    /// When the cloud was asked last.
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// The HTTP status of its answer.
    status: Option<u16>,
    /// Why it did not succeed.
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
    /// Where it is found.
    link: String,
}

/// A resource that an operation made or changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResourceReference {
    #[schema(value_type = String)]
    kind: Kind,
    #[schema(value_type = uuid::Uuid)]
    id: gateway_core::id::ResourceId,
    link: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<OperationDocument>,
    next: Option<String>,
}

impl OperationDocument {
    fn of(stored: &Stored, caller: Option<&Caller>) -> Self {
        let grants = caller.map(|caller| caller.authority.grants.as_slice()).unwrap_or_default();
        let cloud = grants.iter().find(|grant| grant.account.cloud == stored.cloud);
        let problem = stored.answer.as_ref().filter(|_| stored.state != OperationState::Succeeded);
        let mut resources: Vec<ResourceReference> = Vec::new();
        for made in &stored.completed {
            if resources.iter().all(|known| known.id != made.id) {
                let link = format!("/v1/{}/{}", made.kind.spec().plural, made.id);
                resources.push(ResourceReference { kind: made.kind, id: made.id, link });
            }
        }
        Self {
            id: stored.id,
            state: stored.state,
            over: stored.is_over(),
            verb: stored.verb,
            kind: stored.kind,
            cloud: cloud.map(|grant| grant.cloud_name.clone()),
            region: stored.region.as_str().to_owned(),
            account: stored.account,
            resource: stored.resource,
            resources,
            request_digest: hex(&stored.digest),
            accepted_at: stored.accepted_at,
            sent_at: stored.sent_at,
            finished_at: stored.finished_at,
            status: stored.status,
            problem: problem.and_then(|text| failure(stored.id, text)),
            link: link(stored.id),
        }
    }
}

/// Describes the failure of an operation.
fn failure(id: OperationId, text: &str) -> Option<Value> {
    let failure: Failure = serde_json::from_str(text).ok()?;
    Some(Problem::from(&failure).document(id.0))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn link(id: OperationId) -> String {
    format!("/v1/operations/{id}")
}

/// An operation as problems name it.
pub(super) fn reference(id: OperationId) -> Value {
    json!({ "id": id, "link": link(id) })
}

pub(super) async fn list(State(state): State<Arc<Api>>, caller: Caller, query: Query) -> Answer<Json<Page>> {
    query.expect(&["limit", "cursor", "state"])?;
    let limit = query.limit(DEFAULT, MOST)?;
    let before = query.get("cursor").map(|text| {
        text.parse::<OperationId>().map_err(|_| bad("cursor", "is not one that this listing has given"))
    });
    let wanted = query.get("state").map(|word| {
        OperationState::parse(word)
            .ok_or_else(|| bad("state", "must be accepted, running, succeeded, failed or unknown"))
    });
    let (before, wanted) = (before.transpose()?, wanted.transpose()?);
    let mut rows = state.store.operation_list(caller.claims.sub, wanted, before, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let items = rows.iter().map(|row| OperationDocument::of(row, Some(&caller))).collect();
    Ok(Json(Page { items, next }))
}

pub(super) async fn get(
    State(state): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<OperationDocument>> {
    query.expect(&[])?;
    let unknown = || {
        let detail = "no operation of yours has that id, or it is forgotten";
        Problem::new("no-such-operation", "There is no such operation", StatusCode::NOT_FOUND, detail)
    };
    let id: OperationId = id.parse().map_err(|_| unknown())?;
    let stored = state.store.operation_get(id).await?;
    let stored = stored.filter(|stored| stored.principal == caller.claims.sub).ok_or_else(unknown)?;
    Ok(Json(OperationDocument::of(&stored, Some(&caller))))
}

/// The answer of who does not want to wait.
pub(super) async fn accepted(state: &Api, id: OperationId, caller: &Caller) -> Answer<Response> {
    let stored = state.store.operation_get(id).await?.ok_or_else(Problem::internal)?;
    let document = json!({ "operation": OperationDocument::of(&stored, Some(caller)) }).to_string();
    Ok(located(StatusCode::ACCEPTED, Some(link(id)), document))
}

/// The answer of a write that is over: the resources, or the problem that it ended with.
pub(super) fn outcome(
    stored: &Stored,
    told: Option<OneTimeOutput>,
    caller: Option<&Caller>,
) -> Answer<Response> {
    let status = stored.status.and_then(|status| StatusCode::from_u16(status).ok());
    let (Some(status), Some(answer)) = (status, &stored.answer) else { return Err(Problem::internal()) };
    if stored.state != OperationState::Succeeded {
        let failure = serde_json::from_str(answer).map_err(gateway_core::Error::internal)?;
        return Err(Error::Failed { operation: stored.id, failure: Box::new(failure) }.into());
    }
    let operation = serde_json::to_string(&OperationDocument::of(stored, caller));
    let operation = operation.map_err(gateway_core::Error::internal)?;
    let mut document = format!("{{\"operation\":{operation},{}", answer.trim_start_matches('{'));
    if let Some(told) = told {
        let (name, text) = match &told {
            OneTimeOutput::PrivateKey(key) => ("private_key", key.expose()),
            OneTimeOutput::ConsoleOutput(text) => ("console_output", text.as_str()),
        };
        document.pop();
        document.push_str(&format!(",\"{name}\":{}}}", Value::from(text)));
    }
    let made = stored.completed.first().filter(|_| stored.verb == Verb::Create);
    let location = made.map(|made| format!("/v1/{}/{}", made.kind.spec().plural, made.id));
    Ok(located(status, location, document))
}

/// The problem of an operation that takes longer than its caller could wait.
pub(super) fn late(id: OperationId) -> Problem {
    let detail = "the operation goes on; ask for it, or send the request again with the same Idempotency-Key";
    Problem::new("still-running", "The operation is not over yet", StatusCode::GATEWAY_TIMEOUT, detail)
        .with_member("operation", reference(id))
}

pub(super) fn describe_list() -> Operation {
    let states = ["accepted", "running", "succeeded", "failed", "unknown"];
    let page = json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": { "type": "array", "items": schema_reference("OperationDocument") },
            "next": { "type": ["string", "null"], "description": "Where the next page starts; null on the last." },
        },
    });
    Operation::new("list_operations", "The caller's writes, the newest first", WorkClass::Read)
        .query("state", "Only in this state", json!({ "type": "string", "enum": states }))
        .query(
            "limit",
            "Most operations of a page",
            json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT }),
        )
        .query("cursor", "The `next` of the page before", json!({ "type": "string" }))
        .answer(200, "A page", Some(page))
}

pub(super) fn describe_get() -> Operation {
    Operation::new("get_operation", "One write and what became of it", WorkClass::Read)
        .path("id", "The operation's id", json!({ "type": "string", "format": "uuid" }))
        .answer(200, "The operation", Some(schema_reference("OperationDocument")))
        .problem(404, "The caller has no such operation, or it is forgotten")
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    let outcome = json!({
        "type": "object",
        "required": ["operation", "resources"],
        "properties": {
            "operation": schema_reference("OperationDocument"),
            "resources": {
                "type": "array",
                "items": schema_reference("Resource"),
                "description": "What was made or changed, as it is now; nothing of what is gone.",
            },
            "private_key": { "type": "string", "description": "Of a key that was made: told this once." },
            "console_output": { "type": "string" },
        },
    });
    vec![
        schema_of::<OperationDocument>("OperationDocument"),
        schema_of::<ResourceReference>("ResourceReference"),
        ("Outcome".to_owned(), outcome),
    ]
}
