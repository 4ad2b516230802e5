//! One request through the proxy.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Shared, refusal, spoil};

pub(super) type Body = BoxBody<Bytes, std::io::Error>;

type Cause = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn exchange(
    request: Request<Incoming>,
    upstream: Arc<str>,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Infallible> {
    let fault = shared.fault();
    spoil::delay(fault).await;
    if let Some(refused) = spoil::instead(fault, refusal::Language::of(&request)) {
        return Ok(refused);
    }
    let answer = match forward(request, &upstream).await {
        Ok(answer) => answer,
        Err(cause) => {
            let text = format!("the fault proxy cannot reach {upstream}: {cause}");
            return Ok(whole(StatusCode::BAD_GATEWAY, HeaderMap::new(), Bytes::from(text)));
        }
    };
    let (mut parts, body) = answer.into_parts();
    let body = lead_through(&shared, &parts.headers, body);
    spoil::date(fault, &mut parts.headers);
    Ok(spoil::body(fault, whole(parts.status, parts.headers, body.clone()), &body))
}

/// The cloud's whole answer to the request as it came.
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

/// Catalogs and links are JSON; everything else stays as it is.
fn lead_through(shared: &Shared, headers: &HeaderMap, body: Bytes) -> Bytes {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match std::str::from_utf8(&body) {
        Ok(text) if content_type.is_some_and(|name| name.contains("json")) => {
            Bytes::from(shared.lead_through(text))
        }
        _ => body,
    }
}

/// An answer with the headers of the cloud, less what described its transfer.
pub(super) fn whole(status: StatusCode, mut headers: HeaderMap, body: Bytes) -> Response<Body> {
    for gone in [header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::CONNECTION] {
        headers.remove(gone);
    }
    let mut response = Response::new(Full::new(body).map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
