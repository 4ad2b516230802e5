//! The REST client with loose documents, for tests that look at every member.

use anyhow::{Context as _, bail};
use gateway_client::{HeaderMap, Method, StatusCode};
use gateway_core::secret::Secret;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::tls;

/// A registered client, after [`login`](Self::login) with a token.
#[derive(Clone, Debug)]
pub struct Client {
    gateway: gateway_client::Client,
    /// The id, as registered.
    pub id: String,
    /// The secret, as registered.
    pub secret: String,
    /// The token of the last login. Tests may replace it.
    pub token: Option<String>,
}

/// The answer of `POST /v1/check_credentials`.
#[derive(Clone, Debug, Deserialize)]
pub struct Login {
    /// The token.
    pub token: String,
    /// The end of the token.
    pub expires_at: String,
    /// The proven accounts: objects with `id`, `cloud`, `external_id`, `name`.
    pub accounts: Vec<Value>,
    /// The refused credentials: objects with `cloud`, `reason`, `detail`.
    pub rejected: Vec<Value>,
}

/// All pages of a collection.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Listing {
    /// The resources.
    pub items: Vec<Value>,
    /// The cursor of the next page; none in a listing of all pages.
    pub next: Option<String>,
    /// The position from which to follow the events.
    pub position: i64,
    /// The age of each part.
    pub scopes: Vec<Value>,
}

/// An answer with any status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null when it is empty, a string when it is not JSON.
    pub body: Value,
}

impl Client {
    /// Makes a client of the gateway at `base`.
    ///
    /// # Panics
    /// `base` is not the URL of a gateway.
    pub fn new(base: &str, id: &str, secret: &str) -> Self {
        let address = base.parse().unwrap_or_else(|error| panic!("{base}: {error}"));
        Self {
            gateway: gateway_client::Client::over(tls::http(), address),
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: None,
        }
    }

    /// Returns the URL of the gateway.
    pub fn base(&self) -> &str {
        self.gateway.address().as_str()
    }

    /// Proves `credentials` (see [`password`], [`access_key`]) and keeps the token.
    ///
    /// # Errors
    /// The gateway refused, with its problem document.
    pub async fn login(&mut self, credentials: &[Value]) -> anyhow::Result<Login> {
        let answer = self.check_credentials(credentials).await?;
        if answer.status != StatusCode::CREATED {
            bail!("check_credentials: {} {}", answer.status, answer.body);
        }
        let login: Login = serde_json::from_value(answer.body).context("check_credentials")?;
        self.token = Some(login.token.clone());
        Ok(login)
    }

    /// Sends `credentials` and returns any answer. The token stays as it was.
    ///
    /// # Errors
    /// No answer came.
    pub async fn check_credentials(&self, credentials: &[Value]) -> anyhow::Result<Answer> {
        let body = json!({"credentials": credentials});
        let secret = Secret::new(self.secret.as_str());
        Ok(self.gateway.check_credentials(&self.id, &secret, &body).await?.into())
    }

    /// Sends a request with the token, if there is one. `path` begins with a slash.
    ///
    /// # Errors
    /// No answer came.
    pub async fn request(&self, method: Method, path: &str) -> anyhow::Result<Answer> {
        let authorization = self.token.as_ref().map(|token| format!("Bearer {token}"));
        self.request_with(method, path, authorization.as_deref()).await
    }

    /// Sends a request with this `Authorization` instead of the token.
    ///
    /// # Errors
    /// No answer came.
    pub async fn request_with(
        &self,
        method: Method,
        path: &str,
        authorization: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let request = self.gateway.request(method, path).authorization(authorization)?;
        Ok(request.send().await?.into())
    }

    /// Sends a command: `order(Method::POST, "/v1/volumes", &json!({..}), Some("key"))`.
    ///
    /// # Errors
    /// No answer came.
    pub async fn send_command(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let mut request = self.gateway.request(method, path).json(body);
        if let Some(token) = &self.token {
            request = request.bearer(&Secret::new(token.as_str()));
        }
        if let Some(key) = key {
            request = request.idempotency_key(key);
        }
        Ok(request.send().await?.into())
    }

    /// Returns the body of a GET that must succeed.
    ///
    /// # Errors
    /// No answer, or one with another status than 200.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.request(Method::GET, path).await?;
        if answer.status != StatusCode::OK {
            bail!("{path}: {} {}", answer.status, answer.body);
        }
        Ok(answer.body)
    }

    /// Returns a page of a collection: `page("instances", &[("limit", "50")])`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn page(&self, collection: &str, query: &[(&str, &str)]) -> anyhow::Result<Listing> {
        // The base serves only for the encoding.
        let mut url = Url::parse("http://gateway/v1/")?.join(collection)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let body = self.get(&format!("{}{query}", url.path())).await?;
        serde_json::from_value(body).with_context(|| collection.to_owned())
    }

    /// Returns all pages of a collection. Every page must carry the position of the first.
    ///
    /// # Errors
    /// As [`get`](Self::get), or the pages do not belong together.
    pub async fn list(&self, collection: &str, query: &[(&str, &str)]) -> anyhow::Result<Listing> {
        let mut all = self.page(collection, query).await?;
        while let Some(cursor) = all.next.take() {
            let more: Vec<(&str, &str)> =
                query.iter().copied().chain([("cursor", cursor.as_str())]).collect();
            let page = self.page(collection, &more).await?;
            if page.position != all.position {
                bail!("{collection}: a page of position {} after {}", page.position, all.position);
            }
            if page.items.is_empty() && page.next.is_some() {
                bail!("{collection}: an empty page that is not the last");
            }
            all.items.extend(page.items);
            (all.scopes, all.next) = (page.scopes, page.next);
        }
        Ok(all)
    }

    /// Returns all events after `position` that are there now, in order.
    ///
    /// # Errors
    /// As [`get`](Self::get), or an event without its position.
    pub async fn events(&self, position: i64) -> anyhow::Result<Vec<Value>> {
        let (mut all, mut after) = (Vec::new(), position);
        loop {
            let page = self.get(&format!("/v1/events?after={after}")).await?;
            let document = || format!("/v1/events: {page}");
            let events = page["items"].as_array().with_context(document)?;
            all.extend(events.iter().cloned());
            after = page["position"].as_i64().with_context(document)?;
            if page["more"] != true {
                return Ok(all);
            }
        }
    }
}

impl From<gateway_client::Answer> for Answer {
    fn from(answer: gateway_client::Answer) -> Self {
        let gateway_client::Answer { status, headers, body } = answer;
        let body = match body.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        };
        Self { status, headers, body }
    }
}

/// Returns an entry of `credentials`: user and password of an OpenStack project.
pub fn password(cloud: &str, user: &str, password: &str, project: &str) -> Value {
    json!({"cloud": cloud, "credential": {
        "method": "password", "username": user, "password": password, "user_domain": "Default",
        "project": project, "project_domain": "Default"
    }})
}

/// Returns an entry of `credentials`: a key pair of EC2 or of the simulator.
pub fn access_key(cloud: &str, id: &str, secret: &str) -> Value {
    json!({"cloud": cloud, "credential": {
        "method": "access_key", "access_key_id": id, "secret_access_key": secret
    }})
}
