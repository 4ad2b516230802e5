//! Operations as documents, and the answers of mutating requests.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gateway_core::id::{AccountId, OperationId, ResourceId};
use gateway_core::kind::Verb;
use gateway_core::{Error, Kind, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::api_operation::{reference, schema_of};
use super::{Answer, Problem};
use crate::app::access::Caller;
use crate::app::command::Outcome;
use crate::app::operation::{self, Operation, OperationState, Output};

/// A mutating request and its outcome.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OperationDocument {
    #[schema(value_type = uuid::Uuid)]
    id: OperationId,
    /// `accepted`, `running`, `succeeded`, `failed`, or `unknown` as long as the effect at the cloud is not known.
    #[schema(value_type = String)]
    state: OperationState,
    /// The state is final.
    over: bool,
    #[schema(value_type = String)]
    verb: Verb,
    #[schema(value_type = String)]
    kind: Kind,
    /// Name of the cloud, while the caller has an account there.
    cloud: Option<String>,
    region: String,
    #[schema(value_type = uuid::Uuid)]
    account: AccountId,
    /// The resource that the request names.
    #[schema(value_type = Option<uuid::Uuid>)]
    resource: Option<ResourceId>,
    /// The resources that the operation created or changed.
    resources: Vec<ResourceReference>,
    /// SHA-256 of the request, in hexadecimal.
    request_digest: String,
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
    /// Time of the last call to the cloud.
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// The HTTP status of its answer.
    status: Option<u16>,
    /// The reason why it did not succeed.
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
    /// Path of this operation.
    link: String,
}

/// A resource that an operation created or changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResourceReference {
    #[schema(value_type = String)]
    kind: Kind,
    #[schema(value_type = uuid::Uuid)]
    id: ResourceId,
    link: String,
}

impl OperationDocument {
    /// Describes an operation to a caller; none stands for the front that reports an upload.
    pub(super) fn of(operation: &Operation, caller: Option<&Caller>) -> Self {
        let cloud = caller.and_then(|caller| caller.authority.cloud_name(operation.cloud));
        let mut resources: Vec<ResourceReference> = Vec::new();
        for made in &operation.completed {
            if resources.iter().all(|known| known.id != made.id) {
                let link = resource_link(made.kind, made.id);
                resources.push(ResourceReference { kind: made.kind, id: made.id, link });
            }
        }
        let failure = operation::failure(operation);
        Self {
            id: operation.id,
            state: operation.state,
            over: operation.is_over(),
            verb: operation.verb,
            kind: operation.kind,
            cloud: cloud.map(str::to_owned),
            region: operation.region.as_str().to_owned(),
            account: operation.account,
            resource: operation.resource,
            resources,
            request_digest: hex::encode(&operation.digest),
            accepted_at: operation.accepted_at,
            sent_at: operation.sent_at,
            finished_at: operation.finished_at,
            status: operation.status,
            problem: failure.map(|failure| Problem::from(&failure).document(operation.id.0)),
            link: operation_link(operation.id),
        }
    }
}

fn resource_link(kind: Kind, id: ResourceId) -> String {
    format!("/v1/{}/{id}", kind.spec().plural)
}

fn operation_link(id: OperationId) -> String {
    format!("/v1/operations/{id}")
}

/// Answers a request whose client does not wait for the outcome.
pub(super) fn accepted(operation: &Operation, caller: &Caller) -> Response {
    let document = json!({ "operation": OperationDocument::of(operation, Some(caller)) }).to_string();
    json_response(StatusCode::ACCEPTED, Some(operation_link(operation.id)), document)
}

/// Answers a request that succeeded with the resources that it created or changed.
pub(super) fn succeeded(outcome: &Outcome, caller: Option<&Caller>) -> Answer<Response> {
    let operation = &outcome.operation;
    let status = operation.status.and_then(|status| StatusCode::from_u16(status).ok());
    let (Some(status), Some(answer)) = (status, &operation.answer) else { return Err(Problem::internal()) };
    let described =
        serde_json::to_string(&OperationDocument::of(operation, caller)).map_err(Error::internal)?;
    let mut document = format!("{{\"operation\":{described},{}", answer.trim_start_matches('{'));
    if let Some(output) = &outcome.output {
        let (name, text) = match output {
            Output::PrivateKey(key) => ("private_key", key.expose()),
            Output::ConsoleOutput(text) => ("console_output", text.as_str()),
        };
        document.pop();
        document.push_str(&format!(",\"{name}\":{}}}", Value::from(text)));
    }
    let created = operation.completed.first().filter(|_| operation.verb == Verb::Create);
    let location = created.map(|created| resource_link(created.kind, created.id));
    Ok(json_response(status, location, document))
}

fn json_response(status: StatusCode, location: Option<String>, document: String) -> Response {
    let json = HeaderValue::from_static("application/json");
    let mut response = (status, [(header::CONTENT_TYPE, json)], document).into_response();
    if let Some(location) = location.and_then(|location| HeaderValue::from_str(&location).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Returns the schemas of operations and outcomes.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let outcome = json!({
        "type": "object",
        "required": ["operation", "resources"],
        "properties": {
            "operation": reference("OperationDocument"),
            "resources": {
                "type": "array",
                "items": reference("Resource"),
                "description": "The resources that were created or changed, as they are now, without deleted ones.",
            },
            "private_key": {
                "type": "string",
                "description": "The private key of a new key pair. Only this answer has it.",
            },
            "console_output": { "type": "string" },
        },
    });
    vec![
        schema_of::<OperationDocument>("OperationDocument"),
        schema_of::<ResourceReference>("ResourceReference"),
        ("Outcome".to_owned(), outcome),
    ]
}
