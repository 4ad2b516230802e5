//! An envelope as the request that it was, and a response as the reply that it becomes.

use axum::body::Body as HttpBody;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use gateway_bus::sealing::Opened;
use gateway_bus::{Body, Envelope, Reply};
use http_body_util::BodyExt as _;
use uuid::Uuid;

use crate::http::problem::Problem;

/// The request, with its secrets in clear: from here on it stays in this process.
pub(super) fn request(envelope: &Envelope, opened: Opened) -> Result<Request<HttpBody>, Problem> {
    let mut request = Request::builder().method(envelope.method.as_str()).uri(&envelope.target);
    for (name, value) in envelope.headers.iter().filter(|(name, _)| name.as_str() != AUTHORIZATION.as_str()) {
        request = request.header(name, value);
    }
    // One that comes twice was refused by nobody yet: it must not pass as one.
    let given = envelope.headers.iter().filter(|(name, _)| name.as_str() == AUTHORIZATION.as_str()).count();
    if let (Some(authorization), 1) = (&opened.authorization, given) {
        let mut value = HeaderValue::from_str(authorization.expose()).map_err(|_| unreadable())?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(HttpBody::from(opened.body.to_vec())).map_err(|_| unreadable())
}

/// The reply, its body in the form that fits it.
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
    let detail = "method, target or a header of the envelope is not one of HTTP";
    Problem::bad_request("unreadable-envelope", "The request envelope cannot be read", detail)
}

pub(super) fn late() -> Problem {
    Problem::new(
        "timeout",
        "No answer in time",
        StatusCode::GATEWAY_TIMEOUT,
        "the request's deadline has passed",
    )
}
