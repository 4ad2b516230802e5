//! Content of any size, streamed to a cloud: the front sends it to the address that a driver returned.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use gateway_core::driver::{Forward, Forwarded};
use gateway_core::error::{Error, ErrorKind, Result};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use url::Url;

use crate::address::is_transport_allowed;
use crate::connections;
use crate::message::Response;

/// Most bytes that are read of an answer: its message is near its beginning.
const MAX_ANSWER: usize = 16 << 10;

/// Time limit for the body of an answer, once its head has arrived.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Sends content and returns the cloud's answer, whatever its status. If the future is dropped or `content` fails, the
/// connection is closed, so that the cloud does not take the part for the whole.
///
/// # Errors
/// `AddressRefused` for plain HTTP that is not allowed; Unavailable if the cloud cannot be reached or ends the
/// connection. [`changed_nothing`](Error::changed_nothing) says that there was no connection.
pub async fn send_content<S>(forward: &Forward, content: S, length: Option<u64>) -> Result<Forwarded>
where
    S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    let url = Url::parse(&forward.url).map_err(|_| Error::invalid("an upload has no address").untouched())?;
    let host = url.host_str().unwrap_or_default();
    if !is_transport_allowed(&url, forward.allow_plaintext) {
        let message = format!("refused to send content to `{host}` by plain HTTP");
        return Err(Error::new(ErrorKind::AddressRefused, message));
    }
    let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    let endpoint = format!("{host}{port}");
    let method = Method::from_bytes(forward.method.as_bytes()).map_err(Error::internal)?;
    let mut call = connections::content_client()?.request(method, url).headers(headers(forward)?);
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

/// Reads the beginning of an answer's body. Only the status matters: late or lost bytes are left out.
async fn beginning(mut answer: reqwest::Response) -> String {
    let mut body = BytesMut::new();
    let read = async {
        while let Ok(Some(chunk)) = answer.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(MAX_ANSWER - body.len())]);
            if body.len() == MAX_ANSWER {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(ANSWER_TIME, read).await;
    String::from_utf8_lossy(&body).into_owned()
}

impl From<&Forwarded> for Response {
    /// Converts the answer, so that a driver reads it like one to its own request.
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use futures_util::{StreamExt as _, stream};
    use gateway_core::secret::Secret;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn forward(url: &str) -> Forward {
        Forward {
            method: "PUT".to_owned(),
            url: url.to_owned(),
            headers: vec![("x-auth-token".to_owned(), Secret::new("t"))],
            content_type: "application/octet-stream".to_owned(),
            allow_plaintext: false,
        }
    }

    /// Starts a server that answers as soon as it has read `until`; its task returns all that it has read.
    async fn server(until: &'static str, answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (mut peer, mut read) = (listener.accept().await.unwrap().0, Vec::new());
            while !String::from_utf8_lossy(&read).contains(until) {
                let mut chunk = [0; 4096];
                match peer.read(&mut chunk).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => read.extend_from_slice(&chunk[..count]),
                }
            }
            let _ = peer.write_all(answer.as_bytes()).await;
            String::from_utf8_lossy(&read).into_owned()
        });
        (url, task)
    }

    #[tokio::test]
    async fn content_and_length_are_sent_and_the_answer_is_returned() {
        let answer =
            "HTTP/1.1 409 Conflict\r\nx-request: r\r\ncontent-length: 7\r\nconnection: close\r\n\r\nalready";
        let (url, task) = server("second", answer).await;
        let chunks = ["first ", "second"].map(|text| Ok(Bytes::from_static(text.as_bytes())));
        let answer = send_content(&forward(&url), stream::iter(chunks), Some(12)).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (409, "already"));
        assert!(answer.headers.contains(&("x-request".to_owned(), "r".to_owned())));
        assert_eq!(Response::from(&answer).status, StatusCode::CONFLICT);
        let read = task.await.unwrap();
        assert!(
            read.starts_with("PUT /file HTTP/1.1\r\n") && read.ends_with("\r\n\r\nfirst second"),
            "{read}"
        );
        assert!(read.contains("x-auth-token: t\r\n") && read.contains("content-length: 12\r\n"), "{read}");
    }

    #[tokio::test]
    async fn broken_content_never_looks_whole() {
        for length in [Some(12), None] {
            let (url, task) = server("never", "").await;
            let broken = [Ok(Bytes::from_static(b"first ")), Err(std::io::Error::other("gone"))];
            let error = send_content(&forward(&url), stream::iter(broken), length).await.unwrap_err();
            assert!(!error.changed_nothing(), "{error:?}");
            // Chunks end with an empty one, which did not come.
            let read = task.await.unwrap();
            assert!(!read.contains("\r\n0\r\n\r\n") && !read.contains("second"), "{read}");
        }
    }

    #[tokio::test]
    async fn redirect_is_returned_and_not_followed() {
        let answer = "HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        let (url, _task) = server("x", answer).await;
        let content = stream::iter([Ok(Bytes::from_static(b"x"))]);
        assert_eq!(send_content(&forward(&url), content, Some(1)).await.unwrap().status, 307);
    }

    #[tokio::test]
    async fn refused_or_unreachable_address_consumes_no_content() {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let content = || {
            stream::iter(0..3).map(|_| {
                TAKEN.fetch_add(1, Relaxed);
                Ok(Bytes::from_static(b"x"))
            })
        };
        let plain = send_content(&forward("http://cloud.example/"), content(), None).await.unwrap_err();
        assert_eq!(plain.kind(), ErrorKind::AddressRefused);
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let nobody = send_content(&forward(&format!("http://{free}/")), content(), None).await.unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::Unavailable);
        assert!(nobody.changed_nothing() && !format!("{nobody:?}").contains("x-auth"), "{nobody:?}");
        assert_eq!(TAKEN.load(Relaxed), 0);
    }
}
