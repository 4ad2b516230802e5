//! A request to a cloud, and its answer.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use gateway_core::error::{Error, Result};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::Url;

/// Largest body of an answer. Higher lets one answer cost that much memory; lower refuses large pages.
pub(crate) const MAX_BODY: usize = 64 << 20;

/// A driver's interpretation of an error answer; `None` leaves it to [`crate::status_error`].
///
/// The status of the returned error decides whether the request is sent again.
pub type Explain = fn(&Response) -> Option<Error>;

/// A request.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// The headers; secret ones are marked sensitive, see [`Self::secret_header`].
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Option<Bytes>,
    /// Whether sending it twice has the effect of sending it once, so that it may be retried.
    pub idempotent: bool,
    /// Largest body of the answer, in bytes.
    pub max_body: usize,
    /// The driver's interpretation of error answers.
    pub explain: Option<Explain>,
}

impl Request {
    /// Returns a request without body; GET, HEAD, PUT and DELETE count as idempotent.
    pub fn new(method: Method, url: Url) -> Self {
        let idempotent = matches!(method, Method::GET | Method::HEAD | Method::PUT | Method::DELETE);
        Self { method, url, headers: Vec::new(), body: None, idempotent, max_body: MAX_BODY, explain: None }
    }

    /// Returns a GET request.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// Returns a POST request with a body; [`Self::idempotent`] marks it as idempotent.
    pub fn post(url: Url, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut request = Self::new(Method::POST, url)
            .header(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        request.body = Some(body.into());
        request
    }

    /// Returns a request with a JSON body, idempotent as in [`Self::new`].
    pub fn json(method: Method, url: Url, body: &serde_json::Value) -> Self {
        let mut request = Self::new(method, url)
            .header(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = Some(body.to_string().into());
        request
    }

    /// Marks the request as not idempotent.
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

    /// Adds a secret header, such as a token or signature, which is never printed.
    ///
    /// # Errors
    /// Invalid if the text does not fit into a header; the text is not in the error.
    pub fn secret_header(self, name: HeaderName, text: &str) -> Result<Self> {
        let mut value = HeaderValue::from_str(text)
            .map_err(|_| Error::invalid(format!("the value of header `{name}` has forbidden characters")))?;
        value.set_sensitive(true);
        Ok(self.header(name, value))
    }

    /// Marks the request as idempotent.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Sets the driver's interpretation of error answers.
    #[must_use]
    pub fn explain(mut self, explain: Explain) -> Self {
        self.explain = Some(explain);
        self
    }
}

impl fmt::Debug for Request {
    /// Leaves out query and body, which may hold signatures and passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{} {}://{host}{}", self.method, self.url.scheme(), self.url.path())
    }
}

/// A whole answer: every byte of the announced length has arrived.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status. [`crate::CloudHttp`] returns neither errors nor redirects.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The answering endpoint as host:port, for messages.
    pub endpoint: Arc<str>,
}

impl Response {
    /// Returns a header as text; `None` if it is missing or not text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
