//! Answers in JSON.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;

use crate::cloud::refusal::Refusal;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json_answer(self.status, &json!({ "error": { "code": self.code, "message": self.message } }))
    }
}

/// Returns a JSON answer.
pub(crate) fn json_answer(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => raw_json(status, bytes),
        // Documents are structs with text keys, so serialization cannot fail.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(crate) fn raw_json(status: StatusCode, bytes: Vec<u8>) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], bytes).into_response()
}
