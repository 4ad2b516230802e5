//! What is refused before the bus is touched.

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

/// Refuses a request without authentication of the wanted form. Handlers look again, with the store at hand.
pub(super) fn check(
    wanted: Authentication,
    headers: &HeaderMap,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<(), Problem> {
    match wanted {
        Authentication::Anyone => Ok(()),
        Authentication::Basic => {
            id_and_secret(headers).map(drop).ok_or_else(|| Problem::unauthenticated(wanted))
        }
        Authentication::Bearer => {
            let token = scheme(headers, "bearer").ok_or_else(|| Problem::unauthenticated(wanted))?;
            token::verify(keyring, token, now).map(drop).map_err(Problem::token_refused)
        }
    }
}

/// Reads the body, as far as it may go and as long as it may take.
pub(super) async fn body(
    headers: &HeaderMap,
    body: Incoming,
    most: usize,
    patience: Duration,
) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(too_large(most as u64));
    }
    match tokio::time::timeout(patience, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(most as u64)),
        Ok(Err(_)) => {
            let detail = "the body did not arrive whole";
            Err(Problem::bad_request("unreadable-body", "The body cannot be read", detail))
        }
        Err(_) => {
            let detail = "the body did not arrive in time";
            Err(Problem::new("slow-body", "The body is too slow", StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}

pub(super) fn too_large(most: u64) -> Problem {
    let detail = format!("a body may have {most} bytes");
    Problem::new("body-too-large", "The body is too large", StatusCode::PAYLOAD_TOO_LARGE, detail)
}
