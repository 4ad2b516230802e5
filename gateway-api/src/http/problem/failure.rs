//! Problems of operations that did not succeed.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Problem;
use crate::app::error::{Failure, FailureReason, UploadParty};
use crate::app::operation::{AnswerStatus, Ending};

/// The HTTP statuses that journal and audit keep.
pub const ANSWER_STATUS: AnswerStatus = AnswerStatus(|ending| {
    let status = match ending {
        Ending::Created => StatusCode::CREATED,
        Ending::Done => StatusCode::OK,
        Ending::Failed(failure) => status(failure.reason),
    };
    status.as_u16()
});

impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Self {
        let (kind, title) = kind_and_title(failure.reason);
        let mut problem = match failure.reason {
            FailureReason::Internal => Self::internal(),
            reason => Self::new(kind, title, status(reason), failure.detail.as_str()),
        };
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                problem.members.insert(name.to_owned(), value);
            }
        };
        let error = |pointer| json!([{ "pointer": pointer, "detail": failure.detail }]);
        add("errors", failure.pointer.as_ref().map(error));
        add("cloud", failure.cloud.as_ref().map(|words| json!(words)));
        add(
            "users",
            list(&failure.users, |user| {
                json!({
                    "kind": user.kind,
                    "id": user.id,
                    "name": user.name,
                    "relation": user.relation,
                    "link": format!("/v1/{}/{}", user.kind.spec().plural, user.id),
                })
            }),
        );
        add("made", list(&failure.made, |(kind, id)| json!({ "kind": kind, "id": id })));
        add("done_in_part", failure.is_partial.then_some(Value::Bool(true)));
        problem
    }
}

/// Describes each item; none if there are no items.
fn list<T>(items: &[T], describe: impl Fn(&T) -> Value) -> Option<Value> {
    (!items.is_empty()).then(|| items.iter().map(describe).collect())
}

fn kind_and_title(reason: FailureReason) -> (&'static str, &'static str) {
    match reason {
        FailureReason::Refused => ("cloud-refused", "Refused by the cloud"),
        FailureReason::Conflict => ("cloud-conflict", "Conflict at the cloud"),
        FailureReason::Forbidden => ("cloud-forbids", "Forbidden by the cloud"),
        FailureReason::CredentialRefused => ("credential-refused", "Credential refused by the cloud"),
        FailureReason::Gone => ("gone", "Resource gone"),
        FailureReason::Unsupported => ("unsupported", "Not supported by the cloud"),
        FailureReason::RateLimited => ("cloud-busy", "Cloud busy"),
        FailureReason::ClockSkew => ("clock-skew", "Clock skew"),
        FailureReason::Unreachable => ("cloud-unreachable", "Cloud unreachable"),
        FailureReason::Unknown => ("outcome-unknown", "Outcome unknown"),
        FailureReason::UploadBroken(UploadParty::Limit) => ("body-too-large", "Content too large"),
        FailureReason::UploadBroken(_) => ("upload-broken", "Upload broken off"),
        FailureReason::Internal => ("internal", "Internal error"),
    }
}

fn status(reason: FailureReason) -> StatusCode {
    match reason {
        FailureReason::Refused | FailureReason::ClockSkew => StatusCode::UNPROCESSABLE_ENTITY,
        FailureReason::Conflict => StatusCode::CONFLICT,
        FailureReason::Forbidden | FailureReason::CredentialRefused => StatusCode::FORBIDDEN,
        FailureReason::Gone => StatusCode::NOT_FOUND,
        FailureReason::Unsupported => StatusCode::NOT_IMPLEMENTED,
        FailureReason::RateLimited => StatusCode::SERVICE_UNAVAILABLE,
        FailureReason::Unreachable => StatusCode::BAD_GATEWAY,
        FailureReason::Unknown => StatusCode::GATEWAY_TIMEOUT,
        FailureReason::UploadBroken(UploadParty::Client) => StatusCode::BAD_REQUEST,
        FailureReason::UploadBroken(UploadParty::Limit) => StatusCode::PAYLOAD_TOO_LARGE,
        FailureReason::UploadBroken(_) => StatusCode::BAD_GATEWAY,
        FailureReason::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
