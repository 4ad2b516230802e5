//! The body of a request over the bus: read whole, within limits of size, memory and time.

use std::time::Duration;

use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use super::body_budget::Charge;
use crate::http::problem::Problem;

/// A whole body, and its part of the memory for bodies.
#[derive(Debug)]
pub(super) struct RequestBody {
    pub(super) bytes: Bytes,
    _charge: Charge,
}

impl RequestBody {
    /// Reads a body of at most `limit` bytes within `time`. Its bytes are charged as they arrive, because a client may
    /// announce more than it sends.
    pub(super) async fn read(
        headers: &HeaderMap,
        body: Incoming,
        limit: usize,
        time: Duration,
        mut charge: Charge,
    ) -> Result<Self, Problem> {
        if body.is_end_stream() {
            return Ok(Self { bytes: Bytes::new(), _charge: charge });
        }
        let announced =
            headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large(limit as u64));
        }
        let bytes = tokio::time::timeout(time, collect(body, limit, &mut charge)).await.map_err(|_| {
            let detail = "the body did not arrive in time";
            Problem::new("slow-body", "Body too slow", StatusCode::REQUEST_TIMEOUT, detail)
        })??;
        Ok(Self { bytes: bytes.into(), _charge: charge })
    }
}

/// Copies a body into one buffer: frames of few bytes would keep the whole read buffers that they are part of.
async fn collect(mut body: Incoming, limit: usize, charge: &mut Charge) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            let detail = "the connection ended before the end of the body";
            Problem::bad_request("unreadable-body", "Unreadable body", detail)
        })?;
        // Frames without data are trailers, which have no meaning here.
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit - bytes.len() {
            return Err(too_large(limit as u64));
        }
        charge.add(data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Returns the problem of a body of more than `limit` bytes.
pub(super) fn too_large(limit: u64) -> Problem {
    let detail = format!("the body has more than {limit} bytes");
    Problem::new("body-too-large", "Body too large", StatusCode::PAYLOAD_TOO_LARGE, detail)
}
