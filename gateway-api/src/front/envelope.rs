//! The conversion of an HTTP request to an envelope.

use axum::http::header::{CONNECTION, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};
use bytes::Bytes;
use gateway_bus::envelope::VERSION;
use gateway_bus::{Body, Envelope};
use gateway_core::Timestamp;
use uuid::Uuid;

use super::connection_info::ConnectionInfo;
use crate::http::problem::Problem;

/// Headers that belong to the connection and not to the request (RFC 9110, 7.6.1).
static HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Builds the envelope. `HEAD` is sent as `GET`; the front removes the body of the response.
pub(super) fn build(
    message_id: Uuid,
    connection: &ConnectionInfo,
    parts: Parts,
    body: &Bytes,
    received_at: Timestamp,
    deadline: Timestamp,
) -> Result<Envelope, Problem> {
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method };
    let host = || parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = parts.uri.authority().map(|authority| authority.as_str()).or_else(host);
    Ok(Envelope {
        v: VERSION,
        message_id,
        received_at,
        deadline,
        method: method.as_str().to_owned(),
        target: parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        scheme: connection.scheme.to_owned(),
        authority: authority.unwrap_or_default().to_owned(),
        listener: connection.listener.clone(),
        peer: connection.peer.clone(),
        headers: end_to_end(&parts.headers)?,
        body: Body::from_bytes(body),
    })
}

/// Returns all headers except those of the connection, with duplicates.
fn end_to_end(headers: &HeaderMap) -> Result<Vec<(String, String)>, Problem> {
    let named = |name: &HeaderName| {
        headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|list| list.split(',').any(|word| word.trim().eq_ignore_ascii_case(name.as_str())))
    };
    let mut pairs = Vec::with_capacity(headers.len());
    for (name, value) in headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(name) && !named(name)) {
        let value = std::str::from_utf8(value.as_bytes()).map_err(|_| {
            let detail = format!("the header `{name}` is not UTF-8");
            Problem::bad_request("unreadable-header", "Unreadable header", detail)
        })?;
        pairs.push((name.as_str().to_owned(), value.to_owned()));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_headers_are_removed_and_duplicates_are_kept() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-a", "1"),
            ("x-a", "2"),
            ("connection", "close, X-Secret"),
            ("x-secret", "s"),
            ("keep-alive", "5"),
            ("transfer-encoding", "chunked"),
        ] {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let pairs = end_to_end(&headers).unwrap();
        let expected = [("x-a", "1"), ("x-a", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs, expected);
    }
}
