//! A request.

use std::time::Duration;

use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::secret::Secret;
use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde::Serialize;

use crate::address::Address;
use crate::answer::Answer;

/// Name of the header that makes a write happen once, even if it is sent again.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Form of authentication of a request.
enum Authorization {
    None,
    Bearer(Secret),
    Basic(String, Secret),
    Raw(HeaderValue),
}

/// A request that has not been sent yet.
pub struct Request<'a> {
    address: &'a Address,
    builder: RequestBuilder,
    authorization: Authorization,
}

impl<'a> Request<'a> {
    pub(crate) fn new(address: &'a Address, builder: RequestBuilder) -> Self {
        Self { address, builder, authorization: Authorization::None }
    }

    /// Authenticates with a token.
    #[must_use]
    pub fn bearer(mut self, token: &Secret) -> Self {
        self.authorization = Authorization::Bearer(token.clone());
        self
    }

    /// Authenticates as a registered client instead of with a token.
    #[must_use]
    pub fn basic(mut self, client: &str, secret: &Secret) -> Self {
        self.authorization = Authorization::Basic(client.to_owned(), secret.clone());
        self
    }

    /// Replaces the `Authorization` header, or removes it.
    ///
    /// # Errors
    /// The text cannot be the value of a header.
    pub fn authorization(mut self, value: Option<&str>) -> Result<Self> {
        let value = value.map(HeaderValue::from_str).transpose().map_err(|_| unfit())?;
        self.authorization = value.map_or(Authorization::None, Authorization::Raw);
        Ok(self)
    }

    /// Sets the body.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    /// Sets the key under which a write is done once, however often it is sent.
    #[must_use]
    pub fn idempotency_key(self, key: &str) -> Self {
        self.header(HeaderName::from_static(IDEMPOTENCY_KEY), key)
    }

    /// Asks for an answer before the operation has ended.
    #[must_use]
    pub fn respond_async(self) -> Self {
        self.header(HeaderName::from_static("prefer"), "respond-async")
    }

    /// Shortens the wait for the answer.
    #[must_use]
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.builder = self.builder.timeout(longest);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Sends the request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// The gateway cannot be reached or did not answer in time.
    pub async fn send(self) -> Result<Answer> {
        let Self { address, builder, authorization } = self;
        let builder = match authorization {
            Authorization::None => builder,
            Authorization::Bearer(token) => builder.bearer_auth(token.expose()),
            Authorization::Basic(client, secret) => builder.basic_auth(client, Some(secret.expose())),
            Authorization::Raw(value) => builder.header(AUTHORIZATION, value),
        };
        let failed = |error| failure(address, error);
        let response = builder.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: response.text().await.map_err(failed)? })
    }
}

fn failure(address: &Address, error: reqwest::Error) -> Error {
    if error.is_builder() {
        return unfit();
    }
    let (kind, what) = match error.is_timeout() {
        true => (ErrorKind::Timeout, "did not answer in time"),
        false => (ErrorKind::Unavailable, "cannot be reached"),
    };
    // The text of the error repeats the whole URL.
    Error::new(kind, format!("the gateway at {address} {what}")).with_source(error.without_url())
}

fn unfit() -> Error {
    Error::invalid(
        "the request cannot be built: the token, a key or the path has characters that HTTP forbids",
    )
}
