//! Problems of the errors of the application layer.

use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use gateway_core::access::token::Refusal;
use gateway_core::error::{self, ErrorKind};
use gateway_core::id::OperationId;
use serde_json::{Value, json};

use super::Problem;
use crate::app::error::{Error, InvalidState, Rejection, RejectionReason, prevailing};
use crate::app::shares::RETRY_AFTER;

/// Describes an operation as problems name it.
pub(crate) fn operation(id: OperationId) -> Value {
    json!({ "id": id, "link": format!("/v1/operations/{id}") })
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        let problem = |kind, title, status| Self::new(kind, title, status, detail.clone());
        match error {
            Error::Core(error) => error.into(),
            Error::TokenRefused(refusal) => Self::token_refused(refusal),
            Error::TokenRevoked => Self::invalid_token("token-revoked", detail),
            Error::ClientRefused => {
                let challenge = HeaderValue::from_static(r#"Basic realm="gateway", charset="UTF-8""#);
                problem("client-refused", "Client refused", StatusCode::UNAUTHORIZED)
                    .with_header(WWW_AUTHENTICATE, challenge)
            }
            Error::CredentialsRejected(rejected) => credentials_rejected(&rejected, detail),
            Error::NothingToRenew => problem("no-accounts", "Nothing to renew", StatusCode::UNAUTHORIZED),
            Error::InvalidQuery { parameter, .. } => {
                problem("invalid-parameter", "Invalid query parameter", StatusCode::BAD_REQUEST)
                    .with_member("parameter", parameter.into())
            }
            Error::UnknownFilterValue { parameter, .. } => {
                problem("unknown-filter-value", "Unknown filter value", StatusCode::BAD_REQUEST)
                    .with_member("parameter", parameter.into())
            }
            Error::TooManyScopes { .. } => {
                problem("too-many-scopes", "Too many scopes to refresh", StatusCode::BAD_REQUEST)
            }
            Error::Expired { .. } => problem("expired", "Position expired", StatusCode::GONE),
            Error::UnknownResource => problem("no-such-resource", "No such resource", StatusCode::NOT_FOUND),
            Error::UnknownOperation => {
                problem("no-such-operation", "No such operation", StatusCode::NOT_FOUND)
            }
            Error::NoAccount => problem("no-account", "No account", StatusCode::FORBIDDEN),
            Error::NotOwner => problem("not-owner", "Not the owner", StatusCode::FORBIDDEN),
            Error::Unsupported { kind, verb, .. } => {
                problem("unsupported", "Not supported by the cloud", StatusCode::NOT_IMPLEMENTED)
                    .with_member("capability", format!("{kind}.{verb}").into())
            }
            Error::InvalidState(error) => {
                let InvalidState { state, actions, .. } = *error;
                problem("invalid-state", "Invalid state", StatusCode::CONFLICT)
                    .with_member("state", state.into())
                    .with_member("actions", json!(actions))
            }
            Error::InvalidCommand { errors } => {
                problem("invalid-command", "Invalid command", StatusCode::UNPROCESSABLE_ENTITY)
                    .with_member("errors", json!(errors))
            }
            Error::KeyReused { operation: id } => problem(
                "idempotency-key-reused",
                "Idempotency key used for another request",
                StatusCode::UNPROCESSABLE_ENTITY,
            )
            .with_member("operation", operation(id)),
            Error::CountMismatch { matched, .. } => {
                problem("count-mismatch", "Count mismatch", StatusCode::CONFLICT)
                    .with_member("matched", matched.into())
            }
            Error::Overloaded | Error::TooManyRefreshes => Self::overloaded(detail, RETRY_AFTER),
            Error::DeadlineExceeded => {
                problem("deadline-exceeded", "Deadline exceeded", StatusCode::GATEWAY_TIMEOUT)
            }
            Error::StillRunning { operation: id } => {
                problem("still-running", "Operation still running", StatusCode::GATEWAY_TIMEOUT)
                    .with_member("operation", operation(id))
            }
            Error::Failed { operation: id, failure } => {
                Self::from(&*failure).with_member("operation", operation(id))
            }
            Error::UnknownUpload => Self::no_such_path(),
            Error::UploadAbandoned => problem("upload-abandoned", "Upload abandoned", StatusCode::CONFLICT),
        }
    }
}

impl From<error::Error> for Problem {
    fn from(error: error::Error) -> Self {
        let (kind, title, status) = match error.kind() {
            ErrorKind::Invalid => ("invalid-request", "Invalid request", StatusCode::BAD_REQUEST),
            ErrorKind::Forbidden => ("forbidden", "Forbidden", StatusCode::FORBIDDEN),
            ErrorKind::NotFound => ("not-found", "Not found", StatusCode::NOT_FOUND),
            ErrorKind::Conflict => ("conflict", "Conflict", StatusCode::CONFLICT),
            ErrorKind::Unavailable | ErrorKind::RateLimited => {
                ("unavailable", "Temporarily unavailable", StatusCode::SERVICE_UNAVAILABLE)
            }
            ErrorKind::Timeout => ("timeout", "Timeout", StatusCode::GATEWAY_TIMEOUT),
            _ => {
                tracing::error!(error = error.chain(), "a request failed with an internal error");
                return Self::internal();
            }
        };
        let problem = Self::new(kind, title, status, error.message());
        if status != StatusCode::SERVICE_UNAVAILABLE {
            return problem;
        }
        tracing::warn!(error = error.chain(), "a request cannot be answered now");
        problem.with_retry_after(error.retry_after().unwrap_or(Duration::from_secs(2)))
    }
}

impl Problem {
    /// A resource that does not exist or that the caller has no access to.
    pub(crate) fn no_such_resource() -> Self {
        Error::UnknownResource.into()
    }

    /// A token that is malformed, forged or expired.
    pub(crate) fn token_refused(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Malformed => "token-malformed",
            Refusal::Forged => "token-forged",
            Refusal::Expired => "token-expired",
        };
        Self::invalid_token(kind, refusal.to_string())
    }

    fn invalid_token(kind: &'static str, detail: String) -> Self {
        let challenge = HeaderValue::from_static(r#"Bearer realm="gateway", error="invalid_token""#);
        Self::new(kind, "Token refused", StatusCode::UNAUTHORIZED, detail)
            .with_header(WWW_AUTHENTICATE, challenge)
    }
}

fn credentials_rejected(rejected: &[Rejection], detail: String) -> Problem {
    let problem = match prevailing(rejected) {
        RejectionReason::ClockSkew => {
            Problem::new("clock-skew", "Clock skew", StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
        RejectionReason::Unreachable => {
            Problem::new("unreachable", "Cloud unreachable", StatusCode::SERVICE_UNAVAILABLE, detail)
                .with_retry_after(Duration::from_secs(10))
        }
        RejectionReason::Overloaded => Problem::overloaded(detail, RETRY_AFTER),
        _ => Problem::new("refused", "Credentials refused", StatusCode::UNAUTHORIZED, detail),
    };
    problem.with_member("rejected", rejected.iter().map(rejection).collect())
}

/// Describes a credential that was not accepted.
pub(crate) fn rejection(rejection: &Rejection) -> Value {
    json!({
        "cloud": rejection.cloud,
        "reason": rejection_word(rejection.reason),
        "detail": rejection.detail,
    })
}

/// Returns the word of a reason in documents.
pub(crate) fn rejection_word(reason: RejectionReason) -> &'static str {
    match reason {
        RejectionReason::Refused => "refused",
        RejectionReason::Forbidden => "forbidden",
        RejectionReason::ClockSkew => "clock_skew",
        RejectionReason::Unreachable => "unreachable",
        RejectionReason::Overloaded => "overloaded",
        RejectionReason::UnknownCloud => "unknown_cloud",
        RejectionReason::Invalid => "invalid",
        RejectionReason::AddressRefused => "address_refused",
    }
}
