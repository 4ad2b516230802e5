//! Errors as RFC 9457 has them: a stable `type`, and nothing of the inside.

use std::borrow::Cow;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gateway_core::access::token::Refusal;
use gateway_core::error::{Error, ErrorKind};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::exchange::Exchange;
use crate::routes::Authentication;

/// The media type of problems.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong with a request. `kind` is the last part of its `type` and never changes its meaning.
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

    /// A problem from its document: what an operation ended with.
    pub(crate) fn stored(status: StatusCode, mut document: Map<String, Value>) -> Self {
        let mut text = |name: &str| match document.remove(name) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let kind = text("type").trim_start_matches("/problems/").to_owned();
        let (title, detail) = (text("title"), text("detail"));
        document.remove("status");
        document.remove("instance");
        Self {
            kind: kind.into(),
            title: title.into(),
            status,
            detail: detail.into(),
            members: document,
            headers: Vec::new(),
        }
    }

    /// A query, path or body that is wrong in itself.
    pub(crate) fn bad_request(kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self::new(kind, title, StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn no_such_path() -> Self {
        Self::new("no-such-path", "There is no such path", StatusCode::NOT_FOUND, "see /v1/openapi.json")
    }

    pub(crate) fn other_method() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new("method-not-allowed", "The path does not take this method", status, "see /v1/openapi.json")
    }

    /// Neither whether it exists for somebody else.
    pub(crate) fn no_such_resource() -> Self {
        let detail = "no resource of this kind has that id, or you may not see it";
        Self::new("no-such-resource", "There is no such resource", StatusCode::NOT_FOUND, detail)
    }

    /// A request without authentication, or with another scheme.
    pub(crate) fn unauthenticated(wanted: Authentication) -> Self {
        let (kind, title, challenge, detail) = match wanted {
            Authentication::Basic => (
                "client-missing",
                "Client id and secret are missing",
                r#"Basic realm="gateway", charset="UTF-8""#,
                "send `Authorization: Basic` with client id and secret",
            ),
            _ => (
                "token-missing",
                "The token is missing",
                r#"Bearer realm="gateway""#,
                "send `Authorization: Bearer` with a token from POST /v1/check_credentials",
            ),
        };
        Self::new(kind, title, StatusCode::UNAUTHORIZED, detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// Client id and secret that are not those of a client.
    pub(crate) fn client_refused() -> Self {
        let challenge = HeaderValue::from_static(r#"Basic realm="gateway", charset="UTF-8""#);
        let detail = "client id and secret are not those of an enabled client";
        Self::new("client-refused", "The client is refused", StatusCode::UNAUTHORIZED, detail)
            .with_header(WWW_AUTHENTICATE, challenge)
    }

    /// A token that is none, or no longer.
    pub(crate) fn token_refused(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Malformed => "token-malformed",
            Refusal::Forged => "token-forged",
            Refusal::Expired => "token-expired",
        };
        Self::bad_token(kind, refusal.to_string())
    }

    pub(crate) fn token_revoked() -> Self {
        Self::bad_token("token-revoked", "the token has been revoked".to_owned())
    }

    /// The answer would go to a queue that belongs to another principal.
    pub(crate) fn foreign_reply_queue() -> Self {
        let detail =
            "`reply_to` must be direct reply-to, or a queue under your own prefix `principal.CLIENT_ID.`";
        Self::new("foreign-reply-queue", "The reply queue is not yours", StatusCode::FORBIDDEN, detail)
    }

    fn bad_token(kind: &'static str, detail: String) -> Self {
        let challenge = HeaderValue::from_static(r#"Bearer realm="gateway", error="invalid_token""#);
        Self::new(kind, "The token is refused", StatusCode::UNAUTHORIZED, detail)
            .with_header(WWW_AUTHENTICATE, challenge)
    }

    /// A defect of ours: the log has the rest.
    pub(crate) fn internal() -> Self {
        let detail = "something went wrong inside the gateway; its log tells more under the request's id";
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

    /// The HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The document, for the request of that id.
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

    /// Status, headers and document.
    pub(crate) fn into_parts(self, id: Uuid) -> (StatusCode, Vec<(HeaderName, HeaderValue)>, String) {
        let text = self.document(id).to_string();
        let mut headers = self.headers;
        headers.push((CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)));
        (self.status, headers, text)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (kind, title, status) = match error.kind() {
            ErrorKind::Invalid => ("invalid-request", "The request is not valid", StatusCode::BAD_REQUEST),
            ErrorKind::Forbidden => ("forbidden", "This is not allowed", StatusCode::FORBIDDEN),
            ErrorKind::NotFound => ("not-found", "There is no such thing", StatusCode::NOT_FOUND),
            ErrorKind::Conflict => ("conflict", "The present state does not allow it", StatusCode::CONFLICT),
            ErrorKind::Unavailable | ErrorKind::RateLimited => {
                ("unavailable", "Not available now", StatusCode::SERVICE_UNAVAILABLE)
            }
            ErrorKind::Timeout => ("timeout", "No answer in time", StatusCode::GATEWAY_TIMEOUT),
            _ => {
                tracing::error!(error = error.chain(), "a request failed inside");
                return Self::internal();
            }
        };
        let problem = Self::new(kind, title, status, error.message());
        if status != StatusCode::SERVICE_UNAVAILABLE {
            return problem;
        }
        tracing::warn!(error = error.chain(), "a request cannot be answered now");
        problem.with_retry_after(error.retry_after().unwrap_or(Duration::from_secs(2)))
    }
}

impl IntoResponse for Problem {
    /// Leaves the document to [`write_out`], which knows the request.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes a problem's document into the response, with the request's id in it.
pub(crate) async fn write_out(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<Exchange>().map_or_else(Uuid::nil, |exchange| exchange.id);
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let (_, headers, document) = problem.into_parts(id);
    response.headers_mut().extend(headers);
    *response.body_mut() = document.into();
    response
}
