//! The conversion of an envelope to an HTTP request, and of a response to a reply.

use axum::body::Body as HttpBody;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use gateway_bus::sealing::Opened;
use gateway_bus::{Body, Envelope, Reply};
use http_body_util::BodyExt as _;
use uuid::Uuid;

use crate::http::problem::Problem;

/// Converts an envelope to a request with its secrets in clear. It does not leave this process.
pub(super) fn request(envelope: &Envelope, opened: Opened) -> Result<Request<HttpBody>, Problem> {
    let mut request = Request::builder().method(envelope.method.as_str()).uri(&envelope.target);
    for (name, value) in envelope.headers.iter().filter(|(name, _)| name.as_str() != AUTHORIZATION.as_str()) {
        request = request.header(name, value);
    }
    // Programs on the bus may send the header twice, which the front refuses; neither value is used.
    let given = envelope.headers.iter().filter(|(name, _)| name.as_str() == AUTHORIZATION.as_str()).count();
    if let (Some(authorization), 1) = (&opened.authorization, given) {
        let mut value = HeaderValue::from_str(authorization.expose()).map_err(|_| unreadable())?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(HttpBody::from(opened.body.to_vec())).map_err(|_| unreadable())
}

/// Converts a response to a reply.
pub(super) async fn reply(id: Uuid, response: Response<HttpBody>) -> Result<Reply, Problem> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| Problem::internal())?.to_bytes();
    let body = match String::from_utf8(Vec::from(body)) {
        Ok(text) if text.is_empty() => Body::None,
        Ok(text) => Body::Utf8(text),
        Err(other) => Body::from_bytes(other.as_bytes()),
    };
    let headers = parts.headers.iter().map(|(name, value)| pair(name, value)).collect();
    Ok(Reply::new(id, parts.status.as_u16(), headers, body))
}

fn pair(name: &HeaderName, value: &HeaderValue) -> (String, String) {
    (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn unreadable() -> Problem {
    let detail = "the method, the target or a header of the envelope is not valid in HTTP";
    Problem::bad_request("unreadable-envelope", "Unreadable envelope", detail)
}

/// Returns the problem of a request whose deadline has passed.
pub(super) fn late() -> Problem {
    Problem::new("timeout", "Timeout", StatusCode::GATEWAY_TIMEOUT, "the request's deadline has passed")
}
