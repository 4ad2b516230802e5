//! Errors as problem documents (RFC 9457): a stable `type`, and nothing internal.

mod domain;
mod failure;
#[cfg(test)]
mod snapshot_test;

use std::borrow::Cow;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::exchange::Exchange;
use crate::routes::Authentication;
pub(crate) use domain::{operation, rejection, rejection_word};
pub use failure::ANSWER_STATUS;

/// The media type of problems.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// The problem of a request. `kind` is the last part of its `type` and keeps its meaning.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: Cow<'static, str>,
    title: Cow<'static, str>,
    status: StatusCode,
    detail: Box<str>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(
        kind: &'static str,
        title: &'static str,
        status: StatusCode,
        detail: impl Into<String>,
    ) -> Self {
        let (kind, title) = (Cow::Borrowed(kind), Cow::Borrowed(title));
        Self {
            kind,
            title,
            status,
            detail: detail.into().into_boxed_str(),
            members: Map::new(),
            headers: Vec::new(),
        }
    }

    /// An invalid query, path or body.
    pub(crate) fn bad_request(kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self::new(kind, title, StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn no_such_path() -> Self {
        Self::new("no-such-path", "No such path", StatusCode::NOT_FOUND, "see /v1/openapi.json for all paths")
    }

    pub(crate) fn other_method() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(
            "method-not-allowed",
            "Method not allowed",
            status,
            "see /v1/openapi.json for the methods of this path",
        )
    }

    /// A request without authentication, or with another scheme than required.
    pub(crate) fn unauthenticated(wanted: Authentication) -> Self {
        let (kind, title, challenge, detail) = match wanted {
            Authentication::Basic => (
                "client-missing",
                "Client id and secret missing",
                r#"Basic realm="gateway", charset="UTF-8""#,
                "send `Authorization: Basic` with client id and secret",
            ),
            _ => (
                "token-missing",
                "Token missing",
                r#"Bearer realm="gateway""#,
                "send `Authorization: Bearer` with a token from POST /v1/check_credentials",
            ),
        };
        Self::new(kind, title, StatusCode::UNAUTHORIZED, detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// A reply queue that belongs to another principal.
    pub(crate) fn foreign_reply_queue() -> Self {
        let detail =
            "`reply_to` must be direct reply-to, or a queue under your own prefix `principal.CLIENT_ID.`";
        Self::new("foreign-reply-queue", "Foreign reply queue", StatusCode::FORBIDDEN, detail)
    }

    /// A part that is needed and does not answer, as `/ready` names it.
    pub(crate) fn not_ready(reason: impl Into<String>) -> Self {
        Self::new("not-ready", "Not ready", StatusCode::SERVICE_UNAVAILABLE, reason)
            .with_retry_after(Duration::from_secs(2))
    }

    /// A request beyond the share of its sender or its cloud in the work that is done at once.
    pub(crate) fn overloaded(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self::new("overloaded", "Overloaded", StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_retry_after(retry_after)
    }

    /// A defect of the gateway; the log has the details.
    pub(crate) fn internal() -> Self {
        let detail = "an internal error occurred; the gateway's log has the details under the request id";
        Self::new("internal", "Internal error", StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    #[must_use]
    pub(crate) fn with_member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    #[must_use]
    pub(crate) fn with_allow(self, allow: &HeaderValue) -> Self {
        self.with_header(ALLOW, allow.clone())
    }

    #[must_use]
    pub(crate) fn with_retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs().max(1);
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Returns the HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the document for the request of this id.
    pub(crate) fn document(&self, id: Uuid) -> Value {
        let mut document = json!({
            "type": format!("/problems/{}", self.kind),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": format!("urn:uuid:{id}"),
        });
        if let Value::Object(document) = &mut document {
            document.extend(self.members.clone());
        }
        document
    }

    /// Returns status, headers and document.
    pub(crate) fn into_parts(self, id: Uuid) -> (StatusCode, Vec<(HeaderName, HeaderValue)>, String) {
        let text = self.document(id).to_string();
        let mut headers = self.headers;
        headers.push((CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)));
        (self.status, headers, text)
    }
}

impl IntoResponse for Problem {
    /// Leaves the document to [`write_out`], which has the id of the request.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the document of a problem, with the id of the request, into the response.
pub(crate) async fn write_out(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<Exchange>().map_or_else(Uuid::nil, |exchange| exchange.id);
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let (_, headers, document) = problem.into_parts(id);
    response.headers_mut().extend(headers);
    *response.body_mut() = document.into();
    response
}
