//! The HTTP side of the commands: one gateway, asked one request at a time.

use std::time::Duration;

use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::secret::Secret;
use http::header::{AGE, HeaderMap, HeaderName, RETRY_AFTER};
use http::{Method, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{access, problem};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Longest wait for an answer: more than the gateway itself gives a request, so that its own word comes first.
const ANSWER: Duration = Duration::from_secs(120);

/// Sent with a write, so that it is done once however often it comes.
const KEY: &str = "idempotency-key";

/// Something that is to be done. Without `Debug`: its order may hold secrets.
pub(super) struct Write<'a> {
    pub(super) method: Method,
    /// Under `/v1/`.
    pub(super) path: String,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: &'a Value,
    pub(super) key: &'a str,
    /// Its caller does not want to wait for the outcome.
    pub(super) no_wait: bool,
}

/// A gateway, and the token that it is asked with.
#[derive(Debug)]
pub(in crate::cli) struct Gateway {
    http: Client,
    pub(super) address: String,
    token: Option<Secret>,
}

/// Any answer, of whatever status.
pub(in crate::cli) struct Answer {
    pub(super) status: StatusCode,
    /// How old its oldest part is, by the gateway's clock, where it says so.
    pub(super) age: Option<Duration>,
    retry_after: Option<Duration>,
    pub(super) body: String,
}

impl Gateway {
    /// The gateway at an address that [`access::address`] has made.
    pub(super) fn new(address: &str, token: Option<Secret>) -> Result<Self> {
        let mut builder = Client::builder()
            // Elsewhere the token has no business.
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .user_agent(concat!("gateway-cli/", env!("CARGO_PKG_VERSION")));
        if access::is_loopback(address) {
            builder = builder.no_proxy();
        }
        Ok(Self { http: builder.build().map_err(Error::internal)?, address: address.to_owned(), token })
    }

    /// What a path under `/v1/` says; a refusal is an error.
    pub(in crate::cli) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer> {
        self.send(self.with_token(self.http.get(self.url(path, query)?))).await?.taken()
    }

    /// Sends a write once, and waits no longer than that; the answer may be a refusal.
    pub(super) async fn write(&self, write: &Write<'_>, longest: Duration) -> Result<Answer> {
        let url = self.url(&write.path, write.query)?;
        let request = self.http.request(write.method.clone(), url);
        let mut request = request.json(write.body).header(KEY, write.key).timeout(longest.min(ANSWER));
        if write.no_wait {
            request = request.header("prefer", "respond-async");
        }
        self.send(self.with_token(request)).await
    }

    fn with_token(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    /// Proves credentials as a client; the answer may be a refusal.
    pub(super) async fn check_credentials(
        &self,
        client: &str,
        secret: &Secret,
        body: &Value,
    ) -> Result<Answer> {
        let request = self.http.post(self.url("check_credentials", &[])?);
        self.send(request.basic_auth(client, Some(secret.expose())).json(body)).await
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<url::Url> {
        let mut url = url::Url::parse(&format!("{}/v1/{path}", self.address)).map_err(Error::internal)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer> {
        let lost = |error: reqwest::Error| {
            if error.is_builder() {
                return Error::invalid("the token, or what else was to be sent, does not fit into a request");
            }
            let (kind, what) = match error.is_timeout() {
                true => (ErrorKind::Timeout, "did not answer in time"),
                false => (ErrorKind::Unavailable, "cannot be reached"),
            };
            // Its own words repeat the whole URL.
            Error::new(kind, format!("the gateway at {} {what}", self.address))
                .with_source(error.without_url())
        };
        let response = request.send().await.map_err(lost)?;
        let (status, headers) = (response.status(), response.headers());
        let (age, retry_after) = (seconds(headers, AGE), seconds(headers, RETRY_AFTER));
        Ok(Answer { status, age, retry_after, body: response.text().await.map_err(lost)? })
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body may hold a token or a private key.
        write!(f, "Answer({})", self.status)
    }
}

impl Answer {
    /// The answer, if it is what was asked for.
    pub(super) fn taken(self) -> Result<Self> {
        match self.status {
            StatusCode::OK | StatusCode::CREATED | StatusCode::ACCEPTED => Ok(self),
            _ => Err(self.refusal(&[])),
        }
    }

    /// The error that it means, with lines of the caller's own below.
    pub(super) fn refusal(&self, more: &[String]) -> Error {
        problem::error_with(self.status, &self.body, self.retry_after, more)
    }

    /// The same, with a look at the body of a refusal before it becomes an error.
    pub(super) fn taken_or(self, look: impl FnOnce(&str)) -> Result<Self> {
        if !self.status.is_success() {
            look(&self.body);
        }
        self.taken()
    }

    /// Reads the body.
    pub(in crate::cli) fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.body).map_err(|error| {
            // serde's words may quote a token.
            let place = format!("line {}, column {}", error.line(), error.column());
            Error::new(
                ErrorKind::WrongDocument,
                format!("the answer is not what a gateway says here ({place}): is this the gateway's URL?"),
            )
        })
    }
}

fn seconds(headers: &HeaderMap, name: HeaderName) -> Option<Duration> {
    headers.get(name)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}
