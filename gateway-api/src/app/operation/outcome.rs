//! Outcomes: how the journal keeps the end of an operation.

use gateway_core::document::terms::Term;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Verb;
use gateway_store::{
    CompletedStep, Operation, OperationOutcome as Outcome, OperationState, ResourceFilter, ResourceQuery,
    Store,
};
use serde_json::{Map, Value};

use super::answer_status::{AnswerStatus, Ending};
use super::scope::AccountScope;
use crate::app::error::{Failure, FailureReason, UploadParty, User};

/// Largest number of users that an error names when a resource cannot be deleted because of them.
const MOST_USERS: usize = 20;

/// Writes outcomes with the status numbers of the API.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcomes(pub(super) AnswerStatus);

impl Outcomes {
    /// Returns the outcome of an operation that succeeded. `resources` are the documents of what it made or changed.
    pub(super) fn succeeded(
        self,
        operation: &Operation,
        resources: String,
        made: Vec<CompletedStep>,
    ) -> Outcome {
        let ending = if operation.resource.is_none() { Ending::Created } else { Ending::Done };
        Outcome {
            state: OperationState::Succeeded,
            status: self.0.of(ending),
            answer: resources,
            completed: made,
            cloud_words: None,
        }
    }

    /// Returns the outcome of an operation that was refused.
    pub(super) fn failed(self, made: Vec<CompletedStep>, error: &Error, users: Vec<User>) -> Result<Outcome> {
        let references = made.iter().map(|one| (one.kind, one.id)).collect();
        let failure = Failure { users, made: references, ..Failure::from(error) };
        self.outcome(OperationState::Failed, made, error, &failure)
    }

    /// Returns the outcome of an upload whose content broke off, so that the image is as empty as before.
    pub(super) fn broken(self, by: UploadParty, why: &str) -> Result<Outcome> {
        let detail = format!("{why}; send the content again");
        let failure = Failure::new(FailureReason::UploadBroken(by), detail);
        self.outcome(OperationState::Failed, Vec::new(), &Error::unavailable(why), &failure)
    }

    /// Returns the interim outcome of an operation that the cloud refused to do now: it is accepted, as before.
    pub(super) fn later(self, made: Vec<CompletedStep>, error: &Error) -> Result<Outcome> {
        self.outcome(OperationState::Accepted, made, error, &Failure::from(error))
    }

    /// Returns the outcome of an operation whose effect is unknown.
    pub(super) fn unknown(self, made: Vec<CompletedStep>, error: &Error) -> Result<Outcome> {
        let detail = format!("it is not known whether the cloud did it ({error}); read the operation later");
        let cloud = error.cloud().cloned();
        let failure = Failure { cloud, ..Failure::new(FailureReason::Unknown, detail) };
        self.outcome(OperationState::Unknown, made, error, &failure)
    }

    fn outcome(
        self,
        state: OperationState,
        made: Vec<CompletedStep>,
        error: &Error,
        failure: &Failure,
    ) -> Result<Outcome> {
        tracing::info!(state = state.as_str(), error = error.chain(), "operation did not succeed");
        Ok(Outcome {
            state,
            status: self.0.of(Ending::Failed(failure)),
            answer: serde_json::to_string(failure).map_err(Error::internal)?,
            completed: made,
            cloud_words: error.cloud().cloned(),
        })
    }
}

/// Returns the resources that use one which could not be deleted because of a conflict.
pub(super) async fn users(
    store: &Store,
    scope: &AccountScope,
    operation: &Operation,
    error: &Error,
) -> Result<Vec<User>> {
    let is_in_use = error.kind() == ErrorKind::Conflict && operation.verb == Verb::Delete;
    let Some(id) = operation.resource.filter(|_| is_in_use) else { return Ok(Vec::new()) };
    let mut users = Vec::new();
    for (spec, relation) in operation.kind.named_by() {
        let Some(target) = scope.own_target(spec.kind) else { continue };
        let query = ResourceQuery {
            targets: vec![target],
            filter: ResourceFilter {
                terms: vec![Term::field(relation.name, &id.to_string())],
                ..ResourceFilter::default()
            },
            limit: MOST_USERS,
            ..ResourceQuery::default()
        };
        for row in store.resource_list(query).await?.rows {
            let document: Map<String, Value> =
                serde_json::from_str(&row.document).map_err(Error::internal)?;
            let name = document.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
            users.push(User { kind: spec.kind, id: row.id, name, relation: relation.name.to_owned() });
        }
    }
    users.truncate(MOST_USERS);
    Ok(users)
}
