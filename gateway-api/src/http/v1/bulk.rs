//! `POST /v1/{plural}/actions/{action}`: one command on every resource that a filter matches, each with an operation of
//! its own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::id::ResourceId;
use gateway_core::kind::{KindSpec, Verb, VerbSpec};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::api_operation::{ApiOperation, reference, schema_of};
use super::incoming::Incoming;
use super::{Answer, Problem, list_parameters};
use crate::app::App;
use crate::app::command::{BulkItem as Item, BulkRequest};
use crate::http::{idempotency, problem};

/// A command for every resource that the filter matches.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkCommand {
    /// Resources that the filter must match; if it matches more or fewer, nothing is done.
    expect: usize,
    /// Only report what would be done.
    #[serde(default)]
    dry_run: bool,
    /// The body of the action for one resource.
    #[serde(default)]
    #[schema(value_type = Object)]
    command: Map<String, Value>,
}

/// The outcome of a bulk command.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkOutcome {
    dry_run: bool,
    /// Resources that the filter matched.
    matched: usize,
    /// Resources for which the command was refused, failed or is still running.
    failed: usize,
    items: Vec<BulkItem>,
}

/// The outcome for one resource.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkItem {
    #[schema(value_type = uuid::Uuid)]
    id: ResourceId,
    /// The name; empty if an earlier delivery of the request has deleted the resource.
    name: String,
    /// The HTTP status of a command for this resource alone; none in a dry run that found no error.
    status: Option<u16>,
    /// The operation, if there is one.
    #[schema(value_type = Option<Object>)]
    operation: Option<Value>,
    /// The reason why the command did not succeed.
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
}

impl BulkItem {
    fn of(item: Item, message: Uuid) -> Self {
        let Item { id, name, result } = item;
        let (status, operation, problem) = match result {
            Ok(None) => (None, None, None),
            Ok(Some(outcome)) => {
                (outcome.operation.status, Some(problem::operation(outcome.operation.id)), None)
            }
            Err(error) => {
                let problem = Problem::from(error);
                let document = problem.document(message);
                (Some(problem.status().as_u16()), document.get("operation").cloned(), Some(document))
            }
        };
        Self { id, name, status, operation, problem }
    }
}

pub(super) async fn handle(
    (kind, spec): (Kind, &'static VerbSpec),
    State(app): State<Arc<App>>,
    incoming: Incoming,
) -> Answer<Json<BulkOutcome>> {
    let (caller, query) = (&incoming.caller, &incoming.query);
    let selection = list_parameters::parse_selection(query, kind)?;
    let command: BulkCommand = serde_json::from_value(incoming.json()?).map_err(|_| {
        let detail = "the body must have `expect`, a number, and may have `dry_run` and `command`";
        Problem::bad_request("invalid-body", "Invalid body", detail)
    })?;
    let message = incoming.message();
    let request = BulkRequest {
        kind,
        spec,
        selection,
        filter_text: query.canonical(),
        expected: command.expect,
        dry_run: command.dry_run,
        body: Value::Object(command.command),
        key: idempotency::key(&incoming.headers)?,
        message,
        deadline: incoming.deadline(),
    };
    let outcome = app.run_bulk(caller, request).await?;
    let items: Vec<_> = outcome.items.into_iter().map(|item| BulkItem::of(item, message)).collect();
    let failed = items.iter().filter(|item| item.problem.is_some()).count();
    Ok(Json(BulkOutcome { dry_run: outcome.dry_run, matched: items.len(), failed, items }))
}

pub(super) fn operation(spec: &KindSpec, verb: Verb) -> ApiOperation {
    let action = verb.as_str().replace('_', " ");
    let summary = format!("{}: {action} every one that the filter matches", spec.summary);
    list_parameters::describe_selection(
        ApiOperation::new(format!("{verb}_{}", spec.plural), summary, WorkClass::Write),
        spec,
    )
    .header("idempotency-key", "A request with a key that was sent before is not done again")
    .body("BulkCommand")
    .answer(200, "The outcome for each resource", Some(reference("BulkOutcome")))
    .problem(409, "The filter does not match `expect` resources; nothing was done")
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    let mut command = schema_of::<BulkCommand>("BulkCommand");
    command.1["properties"]["command"] =
        json!({ "type": "object", "description": "The body of the action for one resource." });
    vec![command, schema_of::<BulkOutcome>("BulkOutcome"), schema_of::<BulkItem>("BulkItem")]
}
