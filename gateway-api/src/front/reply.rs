//! The conversion of a reply to an HTTP response, and the problems of requests without a reply.

use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use gateway_bus::sealing::open_reply;
use gateway_bus::{Body, Reply, RequestError, WorkClass};
use gateway_core::access::keyring::Keyring;
use uuid::Uuid;

use super::body::{AnswerBody, whole};
use crate::http::problem::Problem;

/// Converts a reply to the handler's response.
pub(super) fn response(reply: Reply, keyring: &Keyring) -> Result<Response<AnswerBody>, Problem> {
    let unreadable = || unanswered(&RequestError::BadReply, WorkClass::Read);
    let mut response = Response::new(whole(body(reply.body, reply.message_id, keyring)?));
    *response.status_mut() = StatusCode::from_u16(reply.status).map_err(|_| unreadable())?;
    for (name, value) in reply.headers {
        let name = HeaderName::try_from(name).map_err(|_| unreadable())?;
        // Lengths are set by this connection.
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            response.headers_mut().append(name, HeaderValue::try_from(value).map_err(|_| unreadable())?);
        }
    }
    Ok(response)
}

/// Returns the bytes of the body of a reply.
pub(super) fn body(body: Body, message_id: Uuid, keyring: &Keyring) -> Result<Bytes, Problem> {
    match body {
        Body::Utf8(text) => Ok(Bytes::from(text)),
        body => match open_reply(&body, message_id, keyring) {
            Ok(opened) => Ok(Bytes::from(opened)),
            Err(_) => Err(unanswered(&RequestError::BadReply, WorkClass::Read)),
        },
    }
}

/// Converts a problem to a response.
pub(super) fn problem(problem: Problem, id: Uuid) -> Response<AnswerBody> {
    let (status, headers, document) = problem.into_parts(id);
    let mut response = Response::new(whole(document));
    *response.status_mut() = status;
    response.headers_mut().extend(headers);
    response
}

/// Returns the problem of a request without a reply. A write may have been executed all the same.
pub(super) fn unanswered(error: &RequestError, class: WorkClass) -> Problem {
    let unknown = class == WorkClass::Write
        && matches!(error, RequestError::Lost | RequestError::Timeout | RequestError::BadReply);
    let (kind, status) = match error {
        RequestError::NoBroker => ("no-broker", StatusCode::SERVICE_UNAVAILABLE),
        RequestError::Unroutable => ("no-handler", StatusCode::SERVICE_UNAVAILABLE),
        RequestError::TooLarge { .. } => ("body-too-large", StatusCode::PAYLOAD_TOO_LARGE),
        RequestError::Lost if unknown => ("outcome-unknown", StatusCode::SERVICE_UNAVAILABLE),
        RequestError::Lost => ("connection-lost", StatusCode::SERVICE_UNAVAILABLE),
        RequestError::Timeout => ("timeout", StatusCode::GATEWAY_TIMEOUT),
        RequestError::BadReply => ("bad-reply", StatusCode::BAD_GATEWAY),
    };
    let detail = if unknown {
        format!("{error}; it is not known whether the request was executed; check before you send it again")
    } else {
        error.to_string()
    };
    let problem = Problem::new(kind, "No answer", status, detail);
    match error.retry_after() {
        Some(wait) => problem.with_retry_after(wait),
        None => problem,
    }
}
