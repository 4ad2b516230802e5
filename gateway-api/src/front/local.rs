//! The paths that the front serves without the bus.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use bytes::Bytes;
use gateway_core::probe::Probe;

use super::body::{AnswerBody, whole};
use crate::http::problem::Problem;
use crate::routes::DOCUMENT;

/// Responds to one of the front's own paths.
pub(super) async fn respond(path: &str, readiness: &Probe) -> Result<Response<AnswerBody>, Problem> {
    match path {
        "/live" => Ok(json(r#"{"status":"live"}"#)),
        "/ready" => match readiness.verdict().await {
            Ok(()) => Ok(json(r#"{"status":"ready"}"#)),
            Err(reason) => Err(Problem::not_ready(reason)),
        },
        "/v1/openapi.json" => Ok(json(DOCUMENT)),
        _ => Err(Problem::no_such_path()),
    }
}

fn json(text: &'static str) -> Response<AnswerBody> {
    let mut response = Response::new(whole(Bytes::from_static(text.as_bytes())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
