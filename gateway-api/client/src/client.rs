//! The client: one gateway and the token for it.

use std::time::Duration;

use gateway_core::error::{Error, Result};
use gateway_core::secret::Secret;
use reqwest::redirect::Policy;
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;

use crate::address::Address;
use crate::answer::Answer;
use crate::request::Request;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for an answer. It is longer than the gateway's own limit, so that the gateway's problem arrives first.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// A gateway and the token that requests carry.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    address: Address,
    token: Option<Secret>,
}

impl Client {
    /// Makes a client that follows no redirect, so that the token reaches no other host.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(address: Address, user_agent: &str) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .user_agent(user_agent);
        if address.is_loopback() {
            builder = builder.no_proxy();
        }
        Ok(Self::over(builder.build().map_err(Error::internal)?, address))
    }

    /// Makes a client over an HTTP client with other settings.
    pub fn over(http: reqwest::Client, address: Address) -> Self {
        Self { http, address, token: None }
    }

    /// Sets the token of all requests.
    #[must_use]
    pub fn with_token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Returns the address of the gateway.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Starts a request with the token. `path` begins with a slash and may contain a query.
    pub fn request(&self, method: Method, path: &str) -> Request<'_> {
        let request = self.http.request(method, format!("{}{path}", self.address));
        let request = Request::new(&self.address, request);
        match &self.token {
            Some(token) => request.bearer(token),
            None => request,
        }
    }

    /// Gets a path under `/v1/`.
    ///
    /// # Errors
    /// The gateway did not answer, or it refused.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, crate::error::Error> {
        let answer = self.request(Method::GET, &path_of(path, query)?).send().await?;
        Ok(answer.success()?)
    }

    /// Gets a document under `/v1/`.
    ///
    /// # Errors
    /// The gateway did not answer, it refused, or the answer is not such a document.
    pub async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, crate::error::Error> {
        Ok(self.get(path, query).await?.read()?)
    }
}

/// Returns a path under `/v1/` with its query encoded.
///
/// # Errors
/// The path is not one.
pub fn path_of(path: &str, query: &[(&str, &str)]) -> Result<String> {
    // The base serves only the encoding.
    let mut url = Url::parse(&format!("http://gateway/v1/{path}")).map_err(Error::internal)?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Ok(format!("{}{query}", url.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_is_encoded_behind_the_path() {
        let path = path_of("volumes", &[("q", "a b&c"), ("tag.env", "ü")]).unwrap();
        assert_eq!(path, "/v1/volumes?q=a+b%26c&tag.env=%C3%BC");
        assert_eq!(path_of("volumes/7", &[]).unwrap(), "/v1/volumes/7");
    }
}
