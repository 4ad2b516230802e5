//! The paths that the front serves without the bus.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;

use super::body::{AnswerBody, whole};
use crate::http::problem::Problem;
use crate::routes::DOCUMENT;

/// Responds to one of the front's own paths.
pub(super) fn respond(path: &str, connected: bool) -> Result<Response<AnswerBody>, Problem> {
    match path {
        "/live" => Ok(json(r#"{"status":"live"}"#)),
        "/ready" if connected => Ok(json(r#"{"status":"ready"}"#)),
        "/ready" => {
            let detail = "there is no connection to the message broker";
            Err(Problem::new("not-ready", "Not ready", StatusCode::SERVICE_UNAVAILABLE, detail)
                .with_retry_after(Duration::from_secs(2)))
        }
        "/v1/openapi.json" => Ok(json(DOCUMENT)),
        _ => Err(Problem::no_such_path()),
    }
}

fn json(text: &'static str) -> Response<AnswerBody> {
    let mut response = Response::new(whole(Bytes::from_static(text.as_bytes())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
