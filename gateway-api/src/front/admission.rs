//! Checks before the bus is used: the authentication and the size of the body.

use std::time::Duration;

use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use gateway_core::Timestamp;
use gateway_core::access::keyring::Keyring;
use gateway_core::access::token;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};

use crate::http::bearer::scheme;
use crate::http::client::id_and_secret;
use crate::http::problem::Problem;
use crate::routes::Authentication;

/// Refuses a request without valid authentication of the required form. Handlers check it again with the store.
pub(super) fn authenticate(
    required: Authentication,
    headers: &HeaderMap,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<(), Problem> {
    match required {
        Authentication::Anyone => Ok(()),
        Authentication::Basic => {
            id_and_secret(headers).map(drop).ok_or_else(|| Problem::unauthenticated(required))
        }
        Authentication::Bearer => {
            let token = scheme(headers, "bearer").ok_or_else(|| Problem::unauthenticated(required))?;
            token::verify(keyring, token, now).map(drop).map_err(Problem::token_refused)
        }
    }
}

/// Reads a body of at most `limit` bytes within `time`.
pub(super) async fn body(
    headers: &HeaderMap,
    body: Incoming,
    limit: usize,
    time: Duration,
) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit as u64));
    }
    match tokio::time::timeout(time, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limit as u64)),
        Ok(Err(_)) => {
            let detail = "the connection ended before the end of the body";
            Err(Problem::bad_request("unreadable-body", "Unreadable body", detail))
        }
        Err(_) => {
            let detail = "the body did not arrive in time";
            Err(Problem::new("slow-body", "Body too slow", StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}

/// Returns the problem of a body of more than `limit` bytes.
pub(super) fn too_large(limit: u64) -> Problem {
    let detail = format!("the body has more than {limit} bytes");
    Problem::new("body-too-large", "Body too large", StatusCode::PAYLOAD_TOO_LARGE, detail)
}
