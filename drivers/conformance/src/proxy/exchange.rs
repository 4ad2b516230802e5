//! An exchange: a request to the cloud and its answer, with the fault applied.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::answer::{Body, complete};
use super::shared::Shared;
use super::{distort, refusal};

type Cause = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn exchange(
    request: Request<Incoming>,
    upstream: Arc<str>,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Infallible> {
    let fault = shared.fault();
    distort::delay(fault).await;
    if let Some(replacement) = distort::replacement(fault, refusal::ErrorFormat::of(&request)) {
        return Ok(replacement);
    }
    let answer = match forward(request, &upstream).await {
        Ok(answer) => answer,
        Err(cause) => {
            let text = format!("the fault proxy cannot reach {upstream}: {cause}");
            return Ok(complete(StatusCode::BAD_GATEWAY, HeaderMap::new(), Bytes::from(text)));
        }
    };
    let (mut parts, body) = answer.into_parts();
    let body = rewrite(&shared, &parts.headers, body);
    distort::date(fault, &mut parts.headers);
    Ok(distort::body(fault, complete(parts.status, parts.headers, body.clone()), &body))
}

/// Sends the request as it came and returns the complete answer.
async fn forward(request: Request<Incoming>, upstream: &str) -> Result<Response<Bytes>, Cause> {
    let stream = TcpStream::connect(upstream).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut onward = Request::new(Full::new(body));
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = parts.uri;
    *onward.headers_mut() = parts.headers;
    let (parts, body) = sender.send_request(onward).await?.into_parts();
    Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
}

/// Rewrites addresses in JSON, where catalogs and links are; other bodies stay as they are.
fn rewrite(shared: &Shared, headers: &HeaderMap, body: Bytes) -> Bytes {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match std::str::from_utf8(&body) {
        Ok(text) if content_type.is_some_and(|name| name.contains("json")) => {
            Bytes::from(shared.rewrite(text))
        }
        _ => body,
    }
}
