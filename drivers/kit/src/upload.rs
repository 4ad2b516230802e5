//! Content of any size, streamed to a cloud: what the front does for a driver that said where to.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use gateway_core::driver::{Forward, Forwarded};
use gateway_core::error::{Error, ErrorKind, Result};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use url::Url;

use crate::address::is_plaintext_fine;
use crate::connections;
use crate::message::Response;

/// Most that is read of an answer: its words are near its beginning.
const ANSWER: usize = 16 << 10;

/// How long the body of an answer may take, once its head is there.
const ANSWER_BODY: Duration = Duration::from_secs(10);

/// Sends content and returns what the cloud answered, whatever that is. Dropped before its end, or ended by an error of
/// `content`, it closes the connection, so that what was sent is not taken for the whole.
///
/// # Errors
/// An address that may not be called; a cloud that cannot be reached or ends the connection;
/// [`changed_nothing`](Error::changed_nothing) says that no connection came about.
pub async fn send_content<S>(forward: &Forward, content: S, length: Option<u64>) -> Result<Forwarded>
where
    S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    let url = Url::parse(&forward.url).map_err(|_| Error::invalid("an upload has no address").untouched())?;
    let host = url.host_str().unwrap_or_default();
    if !is_plaintext_fine(&url, forward.allow_plaintext) {
        let message = format!("refused to send content to {host} in plain text");
        return Err(Error::new(ErrorKind::AddressRefused, message));
    }
    let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    let endpoint = format!("{host}{port}");
    let method = Method::from_bytes(forward.method.as_bytes()).map_err(Error::internal)?;
    let mut call = connections::for_content()?.request(method, url).headers(headers(forward)?);
    if let Some(length) = length {
        call = call.header(header::CONTENT_LENGTH, length);
    }
    let sent = call.body(reqwest::Body::wrap_stream(content)).send().await;
    let answer = sent.map_err(|error| {
        let is_untouched = error.is_connect();
        let error = Error::unavailable(format!("{endpoint} cannot be reached, or has ended the connection"))
            .with_source(error.without_url());
        if is_untouched { error.untouched() } else { error }
    })?;
    let status = answer.status().as_u16();
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let headers = answer.headers().iter().filter_map(text).collect();
    Ok(Forwarded { endpoint, status, headers, body: beginning(answer).await })
}

fn headers(forward: &Forward) -> Result<HeaderMap> {
    let unfit = || Error::internal("a header of an upload has forbidden characters");
    let mut headers = HeaderMap::new();
    let content_type = HeaderValue::from_str(&forward.content_type).map_err(|_| unfit())?;
    headers.insert(header::CONTENT_TYPE, content_type);
    for (name, secret) in &forward.headers {
        let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| unfit())?;
        value.set_sensitive(true);
        headers.append(HeaderName::try_from(name).map_err(|_| unfit())?, value);
    }
    Ok(headers)
}

/// The beginning of an answer's body; the status counts, and what comes late or is cut off is left out.
async fn beginning(mut answer: reqwest::Response) -> String {
    let mut body = BytesMut::new();
    let read = async {
        while let Ok(Some(chunk)) = answer.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(ANSWER - body.len())]);
            if body.len() == ANSWER {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(ANSWER_BODY, read).await;
    String::from_utf8_lossy(&body).into_owned()
}

impl From<&Forwarded> for Response {
    /// As if it were the answer to a request of the driver's own, to be read by the same eyes.
    fn from(answer: &Forwarded) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in &answer.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        Self {
            status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY),
            headers,
            body: Bytes::copy_from_slice(answer.body.as_bytes()),
            endpoint: answer.endpoint.as_str().into(),
        }
    }
}
