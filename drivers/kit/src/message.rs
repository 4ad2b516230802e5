//! A request to a cloud and what came back.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use gateway_core::error::{Error, Result};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::Url;

/// Largest answer that is taken. Higher lets one answer cost that much memory; lower refuses big pages.
pub(crate) const MAX_BODY: usize = 64 << 20;

/// A driver's own reading of an error answer; `None` leaves it to [`crate::status_error`].
///
/// The status of the error that it returns decides whether the request is sent again.
pub type Explain = fn(&Response) -> Option<Error>;

/// One request.
#[derive(Clone)]
pub struct Request {
    /// The verb.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers; secrets among them are marked sensitive, see [`Self::secret_header`].
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Option<Bytes>,
    /// Sending it twice does no more than sending it once: it may be retried.
    pub idempotent: bool,
    /// Largest answer that is taken.
    pub max_body: usize,
    /// The driver's own reading of error answers.
    pub explain: Option<Explain>,
}

impl Request {
    /// A request without body; GET, HEAD, PUT and DELETE count as idempotent.
    pub fn new(method: Method, url: Url) -> Self {
        let idempotent = matches!(method, Method::GET | Method::HEAD | Method::PUT | Method::DELETE);
        Self { method, url, headers: Vec::new(), body: None, idempotent, max_body: MAX_BODY, explain: None }
    }

    /// A read.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// A request with a body, not idempotent unless [`Self::idempotent`] says so.
    pub fn post(url: Url, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut request = Self::new(Method::POST, url)
            .header(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        request.body = Some(body.into());
        request
    }

    /// A request of any verb with a JSON body; idempotent as [`Self::new`] has it.
    pub fn json(method: Method, url: Url, body: &serde_json::Value) -> Self {
        let mut request = Self::new(method, url)
            .header(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = Some(body.to_string().into());
        request
    }

    /// Says that sending it twice may do more than sending it once.
    #[must_use]
    pub fn only_once(mut self) -> Self {
        self.idempotent = false;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a header that is never shown: a token, a signature.
    ///
    /// # Errors
    /// Invalid when the text does not fit into a header; the text is not in the error.
    pub fn secret_header(self, name: HeaderName, text: &str) -> Result<Self> {
        let mut value = HeaderValue::from_str(text)
            .map_err(|_| Error::invalid(format!("the value for header {name} has forbidden characters")))?;
        value.set_sensitive(true);
        Ok(self.header(name, value))
    }

    /// Says that sending it twice does no more than sending it once.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Sets the driver's own reading of error answers.
    #[must_use]
    pub fn explain(mut self, explain: Explain) -> Self {
        self.explain = Some(explain);
        self
    }
}

impl fmt::Debug for Request {
    /// Neither query nor body: signatures travel in queries and passwords in bodies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{} {}://{host}{}", self.method, self.url.scheme(), self.url.path())
    }
}

/// A whole answer: every byte that the cloud promised has arrived.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status; of what [`crate::CloudHttp`] returns, never an error or a redirect.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Who answered, as host:port, for messages.
    pub endpoint: Arc<str>,
}

impl Response {
    /// A header as text; `None` when it is missing or not text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
