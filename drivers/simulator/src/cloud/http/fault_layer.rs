//! The layer around every request: counts it, applies faults, and sets `Date` and the request id of the answer.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use gateway_core::Timestamp;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::cloud::fault::{Fault, FaultKind, RequestFacts};
use crate::cloud::http::answer::json_answer;
use crate::cloud::http::shared::{Cloud, locked};
use crate::cloud::refusal::Refusal;

/// Largest body of a login.
const BODY_LIMIT: usize = 1 << 20;

/// Header with the id of the request.
pub(crate) const REQUEST_ID: header::HeaderName = header::HeaderName::from_static("request-id");

/// Wait between half a body and the end of its connection, so that the half is sent.
const BREAK_AFTER: Duration = Duration::from_millis(30);

pub(crate) async fn inject(State(cloud): State<Arc<Cloud>>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/control/") {
        return dated(next.run(request).await, Some(cloud.now()));
    }
    let (request, account) = identify(&cloud, request).await;
    let faults = strike(&cloud, &request, account);
    let late = faults.iter().filter(|fault| fault.fault == FaultKind::Latency);
    let wait = late.filter_map(|fault| fault.ms).sum();
    if wait > 0 {
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    let collection = collection_of(request.uri().path()).unwrap_or_default().to_owned();
    let response = match faults.iter().find_map(|fault| refusal(fault, &collection)) {
        Some(refused) => refused,
        None => answer_late(next.run(request).await, &faults).await,
    };
    let mut response = if has(&faults, FaultKind::HalfPage) { truncated(response).await } else { response };
    if let Ok(id) = HeaderValue::from_str(&cloud.request_id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if has(&faults, FaultKind::NoDate) {
        return dated(response, None);
    }
    let skew: i64 = faults.iter().filter_map(|fault| fault.seconds).sum();
    dated(response, Some(Timestamp(cloud.now().0 + skew * 1_000_000)))
}

/// Applies the faults that follow the execution of a request.
async fn answer_late(response: Response, faults: &[Fault]) -> Response {
    let late = faults.iter().filter(|fault| fault.fault == FaultKind::LateAnswer);
    let wait = late.filter_map(|fault| fault.ms).sum();
    if wait > 0 {
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    if has(faults, FaultKind::ActsThenCloses) {
        let mut nothing = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        nothing.extensions_mut().insert(CloseConnection);
        return nothing;
    }
    match faults.iter().find(|fault| fault.fault == FaultKind::ActsThenFails) {
        Some(fault) => failure(fault),
        None => response,
    }
}

/// Mark of an answer that is not sent: the connection is closed instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CloseConnection;

fn failure(fault: &Fault) -> Response {
    let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Refusal::new(status, "fault", "the cloud fails by an injected fault").into_response()
}

fn has(faults: &[Fault], kind: FaultKind) -> bool {
    faults.iter().any(|fault| fault.fault == kind)
}

/// Returns the account of a request, from the token or from the body of a login.
async fn identify(cloud: &Cloud, request: Request) -> (Request, Option<usize>) {
    if request.uri().path() != "/auth" {
        let account = bearer(&request).and_then(|token| cloud.account_of_token(token));
        return (request, account);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let login: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let name = login["access_key_id"].as_str().unwrap_or_default();
    let account = cloud.options.accounts.iter().position(|account| account.name == name);
    (Request::from_parts(parts, Body::from(bytes)), account)
}

pub(crate) fn bearer(request: &Request) -> Option<&str> {
    request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn strike(cloud: &Cloud, request: &Request, account: Option<usize>) -> Vec<Fault> {
    let path = request.uri().path();
    let mut segments =
        path.strip_prefix("/v1/").unwrap_or_default().split('/').filter(|segment| !segment.is_empty());
    let (region, collection, id) = (segments.next(), segments.next(), segments.next());
    let facts = RequestFacts {
        path,
        region,
        collection,
        method: request.method().as_str(),
        is_write: collection.is_some() && request.method() != http::Method::GET,
        is_listing: collection.is_some() && id.is_none() && request.method() == http::Method::GET,
        account_name: account.map(|account| cloud.options.accounts[account].name.as_str()),
        account_id: account.map(|account| cloud.accounts[account].as_str()),
    };
    let counted = match (collection, id) {
        (None, _) => format!("{} {path}", request.method()),
        (Some(collection), None) => format!("{} {collection}", request.method()),
        (Some(collection), Some(_)) => format!("{} {collection}/id", request.method()),
    };
    *locked(&cloud.requests).entry(counted).or_default() += 1;
    locked(&cloud.faults).strike(&facts)
}

fn collection_of(path: &str) -> Option<&str> {
    path.strip_prefix("/v1/")?.split('/').nth(1)
}

fn refusal(fault: &Fault, collection: &str) -> Option<Response> {
    let refused = |status, code, message: &str| Some(Refusal::new(status, code, message).into_response());
    match fault.fault {
        FaultKind::Unauthorized => Some(Refusal::unauthorized().into_response()),
        FaultKind::Forbidden => refused(StatusCode::FORBIDDEN, "forbidden", "the account may not do this"),
        FaultKind::ServerError => Some(failure(fault)),
        FaultKind::RateLimited => {
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "too many requests")?;
            if let Some(seconds) = fault.retry_after_seconds {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            Some(response)
        }
        FaultKind::WrongDocument => Some(json_answer(StatusCode::OK, &json!({ "greeting": "hello" }))),
        FaultKind::EmptyList => {
            let empty = json!({ "kind": collection, "items": [], "next": null, "total": 0 });
            Some(json_answer(StatusCode::OK, &empty))
        }
        FaultKind::Latency
        | FaultKind::HalfPage
        | FaultKind::Skew
        | FaultKind::NoDate
        | FaultKind::LateAnswer
        | FaultKind::ActsThenFails
        | FaultKind::ActsThenCloses => None,
    }
}

/// Announces the length of the whole body and ends the connection after half of it.
async fn truncated(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // Bodies are complete in memory, so reading one cannot fail.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let truncated = bytes.slice(..bytes.len() / 2);
    let rest = stream::once(async {
        tokio::time::sleep(BREAK_AFTER).await;
        Err(std::io::Error::other("the body is truncated by a fault"))
    });
    let body = stream::once(async move { Ok::<Bytes, std::io::Error>(truncated) }).chain(rest);
    Response::from_parts(parts, Body::from_stream(body))
}

fn dated(mut response: Response, date: Option<Timestamp>) -> Response {
    if let Some(date) = date {
        let seconds = Duration::from_secs(u64::try_from(date.seconds()).unwrap_or_default());
        let text = httpdate::fmt_http_date(UNIX_EPOCH + seconds);
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(header::DATE, value);
        }
    }
    response
}
