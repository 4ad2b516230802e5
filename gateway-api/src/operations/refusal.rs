//! Errors of writes, as problems that their callers read.

use axum::http::StatusCode;
use gateway_core::document::terms::Term;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Verb;
use gateway_store::{
    CompletedStep, Operation, OperationOutcome as Outcome, OperationState, ResourceFilter, ResourceQuery,
    Store,
};
use serde_json::{Map, Value, json};

use super::Place;
use crate::http::forwarding::Culprit;
use crate::http::problem::Problem;

/// Users that are named of what cannot be deleted because of them.
const NAMED: usize = 20;

/// The outcome of an operation that was refused.
pub(super) fn failed(
    operation: &Operation,
    made: Vec<CompletedStep>,
    error: &Error,
    users: Vec<Value>,
) -> Outcome {
    let mut problem = problem(error);
    if !users.is_empty() {
        problem = problem.with_member("users", users.into());
    }
    if !made.is_empty() {
        let made = made.iter().map(|one| json!({ "kind": one.kind, "id": one.id })).collect::<Vec<_>>();
        problem = problem.with_member("made", made.into());
    }
    if error.changed_a_part() {
        problem = problem.with_member("done_in_part", true.into());
    }
    outcome(operation, OperationState::Failed, made, error, &problem)
}

/// The outcome of an upload whose content broke off: the image is as empty as before.
pub(super) fn broken(operation: &Operation, by: Culprit, why: &str) -> Outcome {
    let (kind, status) = match by {
        Culprit::Client => ("upload-broken", StatusCode::BAD_REQUEST),
        Culprit::Limit => ("body-too-large", StatusCode::PAYLOAD_TOO_LARGE),
        Culprit::Cloud | Culprit::Gateway => ("upload-broken", StatusCode::BAD_GATEWAY),
    };
    let detail = format!("{why}; send the content again");
    let problem = Problem::new(kind, "The content did not arrive whole", status, detail);
    outcome(operation, OperationState::Failed, Vec::new(), &Error::unavailable(why), &problem)
}

/// How far an operation is that the cloud wants to hear of later: as if it had not been asked.
pub(super) fn later(operation: &Operation, made: Vec<CompletedStep>, error: &Error) -> Outcome {
    outcome(operation, OperationState::Accepted, made, error, &problem(error))
}

/// The outcome of an operation of which nobody knows what became.
pub(super) fn unknown(operation: &Operation, made: Vec<CompletedStep>, error: &Error) -> Outcome {
    let detail = format!(
        "nobody knows yet whether the cloud did it ({error}); the operation says so as long as that is so"
    );
    let status = StatusCode::GATEWAY_TIMEOUT;
    let problem = Problem::new("outcome-unknown", "It is not known what became of it", status, detail);
    outcome(operation, OperationState::Unknown, made, error, &with_words(problem, error))
}

fn outcome(
    operation: &Operation,
    state: OperationState,
    made: Vec<CompletedStep>,
    error: &Error,
    problem: &Problem,
) -> Outcome {
    tracing::info!(id = %operation.id, state = state.as_str(), error = error.chain(), "an operation did not succeed");
    Outcome {
        state,
        status: problem.status().as_u16(),
        answer: problem.document(operation.id.0).to_string(),
        completed: made,
        cloud_words: error.cloud().cloned(),
    }
}

/// The problem of an error that a cloud, or the way to it, gave.
pub(crate) fn problem(error: &Error) -> Problem {
    let (kind, title, status) = match error.kind() {
        ErrorKind::Invalid => {
            ("cloud-refused", "The cloud does not take this", StatusCode::UNPROCESSABLE_ENTITY)
        }
        ErrorKind::Conflict => {
            ("cloud-conflict", "The cloud's present state does not allow it", StatusCode::CONFLICT)
        }
        ErrorKind::Forbidden => ("cloud-forbids", "The cloud does not allow this", StatusCode::FORBIDDEN),
        ErrorKind::Unauthorized => {
            ("credential-refused", "The cloud refuses the credential", StatusCode::FORBIDDEN)
        }
        ErrorKind::NotFound => ("gone", "The cloud does not have it", StatusCode::NOT_FOUND),
        ErrorKind::Unsupported | ErrorKind::AddressRefused => {
            ("unsupported", "The cloud cannot do this", StatusCode::NOT_IMPLEMENTED)
        }
        ErrorKind::RateLimited => {
            ("cloud-busy", "The cloud asks for fewer calls", StatusCode::SERVICE_UNAVAILABLE)
        }
        ErrorKind::ClockSkew { .. } => {
            ("clock-skew", "The cloud's clock is too far off", StatusCode::UNPROCESSABLE_ENTITY)
        }
        ErrorKind::Internal | ErrorKind::LeaseLost => return Problem::internal(),
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::WrongDocument => {
            ("cloud-unreachable", "The cloud did not answer as it should", StatusCode::BAD_GATEWAY)
        }
    };
    let mut problem = Problem::new(kind, title, status, error.message());
    if let Some(wait) = error.retry_after() {
        problem = problem.with_retry_after(wait);
    }
    if let Some(pointer) = error.pointer() {
        let fault = json!([{ "pointer": pointer, "detail": error.message() }]);
        problem = problem.with_member("faults", fault);
    }
    with_words(problem, error)
}

fn with_words(problem: Problem, error: &Error) -> Problem {
    match error.cloud() {
        Some(words) => problem.with_member("cloud", json!(words)),
        None => problem,
    }
}

/// Those that name a resource which could not be deleted.
pub(super) async fn users(store: &Store, place: &Place, operation: &Operation) -> Result<Vec<Value>> {
    let Some(id) = operation.resource.filter(|_| operation.verb == Verb::Delete) else {
        return Ok(Vec::new());
    };
    let mut users = Vec::new();
    for (spec, relation) in operation.kind.named_by() {
        let Some(target) = place.own(spec.kind) else { continue };
        let term = Term::field(relation.name, &id.to_string());
        let query = ResourceQuery {
            targets: vec![target],
            filter: ResourceFilter { terms: vec![term], ..ResourceFilter::default() },
            limit: NAMED,
            ..ResourceQuery::default()
        };
        for row in store.resource_list(query).await?.rows {
            let document: Map<String, Value> =
                serde_json::from_str(&row.document).map_err(Error::internal)?;
            users.push(json!({
                "kind": spec.kind,
                "id": row.id,
                "name": document.get("name"),
                "relation": relation.name,
                "link": format!("/v1/{}/{}", spec.plural, row.id),
            }));
        }
    }
    users.truncate(NAMED);
    Ok(users)
}
