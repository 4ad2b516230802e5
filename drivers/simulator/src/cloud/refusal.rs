//! Refusals of requests.

use gateway_core::Kind;
use http::StatusCode;

use crate::cloud::tables::status::Status;

/// A refused request: HTTP status, code and message of its error document.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    pub(crate) fn no_resource() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_such_resource", "the resource does not exist")
    }

    /// Refuses a reference to a resource that does not exist.
    pub(crate) fn unknown(word: &str, id: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unknown_reference", format!("{word} `{id}` does not exist"))
    }

    /// Refuses because another resource uses this one.
    pub(crate) fn in_use(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "in_use", message)
    }

    pub(crate) fn quota_spent(measure: &str, limit: u64) -> Self {
        let message = format!("the quota of {measure} is {limit}");
        Self::new(StatusCode::CONFLICT, "quota_spent", message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "the credential or token is not valid")
    }

    /// Refuses to create or delete records of a kind that belongs to the cloud.
    pub(crate) fn read_only(kind: Kind) -> Self {
        Self::invalid(format!("clients cannot create or delete {}", kind.spec().plural))
    }

    /// Refuses a command that the collection does not have.
    pub(crate) fn unknown_command() -> Self {
        Self::invalid("the collection has no such command")
    }

    /// Refuses a command in a status that does not allow it.
    pub(crate) fn wrong_status(status: Status) -> Self {
        Self::conflict(format!("the command is not allowed in status {}", status.word()))
    }
}
