//! A reply of the bus as an HTTP response, and what is said when there is none.

use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use gateway_bus::sealing::open_reply;
use gateway_bus::{Body, Reply, RequestError, WorkClass};
use gateway_core::keyring::Keyring;
use http_body_util::Full;
use uuid::Uuid;

use crate::http::problem::Problem;

/// The response that the handler meant.
pub(super) fn response(reply: Reply, keyring: &Keyring) -> Result<Response<Full<Bytes>>, Problem> {
    let unreadable = || unanswered(&RequestError::BadReply, WorkClass::Read);
    let body = match reply.body {
        Body::Utf8(text) => Bytes::from(text),
        body => Bytes::from(open_reply(&body, reply.message_id, keyring).map_err(|_| unreadable())?),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(reply.status).map_err(|_| unreadable())?;
    for (name, value) in reply.headers {
        let name = HeaderName::try_from(name).map_err(|_| unreadable())?;
        // Lengths are this connection's concern.
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            response.headers_mut().append(name, HeaderValue::try_from(value).map_err(|_| unreadable())?);
        }
    }
    Ok(response)
}

/// A problem as a response.
pub(super) fn problem(problem: Problem, id: Uuid) -> Response<Full<Bytes>> {
    let (status, headers, document) = problem.into_parts(id);
    let mut response = Response::new(Full::from(document));
    *response.status_mut() = status;
    response.headers_mut().extend(headers);
    response
}

/// Why there is no reply, and what that means for what was asked.
pub(super) fn unanswered(error: &RequestError, class: WorkClass) -> Problem {
    let unknown = class == WorkClass::Write
        && matches!(error, RequestError::Lost | RequestError::Timeout | RequestError::BadReply);
    let (kind, status) = match error {
        RequestError::NoBroker => ("no-broker", StatusCode::SERVICE_UNAVAILABLE),
        RequestError::Unroutable => ("no-handler", StatusCode::SERVICE_UNAVAILABLE),
        RequestError::Lost if unknown => ("outcome-unknown", StatusCode::SERVICE_UNAVAILABLE),
        RequestError::Lost => ("connection-lost", StatusCode::SERVICE_UNAVAILABLE),
        RequestError::Timeout => ("timeout", StatusCode::GATEWAY_TIMEOUT),
        RequestError::BadReply => ("bad-reply", StatusCode::BAD_GATEWAY),
    };
    let detail = if unknown {
        format!("{error}; whether the request was carried out is not known: look before trying again")
    } else {
        error.to_string()
    };
    let problem = Problem::new(kind, "The request was not answered", status, detail);
    match error.retry_after() {
        Some(wait) => problem.with_retry_after(wait),
        None => problem,
    }
}
