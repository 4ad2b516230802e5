//! Snapshots of the problem documents of every error of the application layer.

use std::time::Duration;

use gateway_core::Kind;
use gateway_core::access::token::Refusal;
use gateway_core::error::{CloudWords, Error as CoreError, ErrorKind};
use gateway_core::id::{OperationId, ResourceId};
use gateway_core::kind::{FieldError, Verb, When};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Problem;
use crate::app::Error;
use crate::app::error::{
    Failure, FailureReason, InvalidState, Rejection, RejectionReason, Requirement, UploadParty, User,
};

const ID: Uuid = Uuid::from_u128(7);

fn operation() -> OperationId {
    OperationId(ID)
}

fn invalid_state(state: Option<&str>, required: Requirement) -> Error {
    Error::InvalidState(Box::new(InvalidState {
        name: "web-1".to_owned(),
        verb: Verb::Stop,
        state: state.map(str::to_owned),
        required,
        actions: vec![Verb::Delete],
    }))
}

fn rejected(reason: RejectionReason) -> Error {
    let rejection = |reason| Rejection { cloud: "lab".to_owned(), reason, detail: "no".to_owned() };
    Error::CredentialsRejected(vec![rejection(RejectionReason::Invalid), rejection(reason)])
}

fn failed(reason: FailureReason) -> Error {
    Error::Failed { operation: operation(), failure: Box::new(Failure::new(reason, "the reason")) }
}

fn detailed() -> Error {
    let failure = Failure {
        pointer: Some("/size_gib".to_owned()),
        cloud: Some(CloudWords {
            code: "413".to_owned(),
            message: "too large".to_owned(),
            request_id: Some("r-1".to_owned()),
        }),
        users: vec![User {
            kind: Kind::ALL[0],
            id: ResourceId(ID),
            name: Some("user".to_owned()),
            relation: "volume".to_owned(),
        }],
        made: vec![(Kind::ALL[0], ResourceId(ID))],
        is_partial: true,
        ..Failure::new(FailureReason::Refused, "must be smaller")
    };
    Error::Failed { operation: operation(), failure: Box::new(failure) }
}

/// Every error, in the order of its definition.
fn errors() -> Vec<Error> {
    let core = |kind| Error::Core(CoreError::new(kind, "the message"));
    let mut all: Vec<Error> = [
        ErrorKind::Invalid,
        ErrorKind::Forbidden,
        ErrorKind::NotFound,
        ErrorKind::Conflict,
        ErrorKind::RateLimited,
        ErrorKind::Timeout,
        ErrorKind::Internal,
    ]
    .map(core)
    .into();
    let busy = CoreError::unavailable("the database is away").with_retry_after(Duration::from_secs(9));
    all.push(Error::Core(busy));
    all.extend([Refusal::Malformed, Refusal::Forged, Refusal::Expired].map(Error::TokenRefused));
    all.extend([Error::TokenRevoked, Error::ClientRefused]);
    all.extend([
        rejected(RejectionReason::ClockSkew),
        rejected(RejectionReason::Unreachable),
        rejected(RejectionReason::Overloaded),
        rejected(RejectionReason::Refused),
        Error::NothingToRenew,
        Error::invalid_query("limit", "must be a number from 1 to 500"),
        Error::UnknownFilterValue { parameter: "cloud".to_owned(), detail: "no such cloud".to_owned() },
        Error::TooManyScopes { count: 501 },
        Error::Expired { detail: "events were purged".to_owned() },
        Error::UnknownResource,
        Error::UnknownOperation,
        Error::NoAccount,
        Error::NotOwner,
        Error::Unsupported { driver: "ec2".to_owned(), kind: Kind::ALL[0], verb: Verb::Pause },
        invalid_state(Some("pending"), Requirement::State(When::In(&["running"]))),
        invalid_state(Some("deleting"), Requirement::State(When::Except(&["deleting", "deleted"]))),
        invalid_state(Some("running"), Requirement::Unset("locked")),
        invalid_state(None, Requirement::Unknown),
        Error::InvalidCommand {
            errors: vec![FieldError::new("/name", "is required"), FieldError::new("", "must name a source")],
        },
        Error::KeyReused { operation: operation() },
        Error::CountMismatch { matched: 3, is_more: false, expected: 2, has_begun: false },
        Error::CountMismatch { matched: 500, is_more: true, expected: 2, has_begun: true },
        Error::Overloaded,
        Error::DeadlineExceeded,
        Error::StillRunning { operation: operation() },
        detailed(),
        Error::UnknownUpload,
        Error::UploadAbandoned,
    ]);
    let parties = [UploadParty::Client, UploadParty::Limit, UploadParty::Cloud, UploadParty::Gateway];
    let reasons = [
        FailureReason::Conflict,
        FailureReason::Forbidden,
        FailureReason::CredentialRefused,
        FailureReason::Gone,
        FailureReason::Unsupported,
        FailureReason::RateLimited,
        FailureReason::ClockSkew,
        FailureReason::Unreachable,
        FailureReason::Unknown,
        FailureReason::Internal,
    ];
    all.extend(reasons.into_iter().chain(parties.map(FailureReason::UploadBroken)).map(failed));
    all
}

fn describe(error: Error) -> Value {
    let (_, headers, document) = Problem::from(error).into_parts(ID);
    let headers: Vec<_> = headers
        .iter()
        .filter(|(name, _)| *name != "content-type")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    let document: Value = serde_json::from_str(&document).unwrap();
    match headers.is_empty() {
        true => document,
        false => json!({ "headers": headers, "document": document }),
    }
}

#[test]
fn every_error_has_its_problem_document() {
    let documents: Vec<_> = errors().into_iter().map(describe).collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&documents).unwrap());
}
