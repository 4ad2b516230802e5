//! The form of answers.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;

/// An answer that refuses.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    pub(super) fn no_resource() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_such_resource", "there is no such resource")
    }

    /// A body names what is not there.
    pub(super) fn unknown(word: &str, id: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unknown_reference", format!("there is no {word} {id:?}"))
    }

    /// Something else needs it.
    pub(super) fn in_use(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "in_use", message)
    }

    pub(super) fn quota_spent(measure: &str, most: u64) -> Self {
        let message = format!("of {measure} the account may have {most}");
        Self::new(StatusCode::CONFLICT, "quota_spent", message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "the credential or token is not valid")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json_answer(self.status, &json!({ "error": { "code": self.code, "message": self.message } }))
    }
}

/// A JSON answer with its length known.
pub(super) fn json_answer(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => raw_json(status, bytes),
        // Documents are plain structs with text keys, which always serialize.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(super) fn raw_json(status: StatusCode, bytes: Vec<u8>) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], bytes).into_response()
}
