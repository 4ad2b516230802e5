//! Complete answers with the headers of the cloud.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};

/// Body of an answer of the proxy.
pub(super) type Body = BoxBody<Bytes, std::io::Error>;

/// Returns an answer with the headers of the cloud, except those of its transfer.
pub(super) fn complete(status: StatusCode, mut headers: HeaderMap, body: Bytes) -> Response<Body> {
    for removed in [header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::CONNECTION] {
        headers.remove(removed);
    }
    let mut response = Response::new(Full::new(body).map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
