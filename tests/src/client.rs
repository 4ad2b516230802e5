//! A client of the REST API, as small as a program of a user would be.

use anyhow::{Context as _, bail};
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::tls;

/// Who asks: a registered client, after [`login`](Self::login) with a token.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// Its id, as registered.
    pub id: String,
    /// Its secret, as registered.
    pub secret: String,
    /// The token of the last login; tests may put another in its place.
    pub token: Option<String>,
}

/// What `POST /v1/check_credentials` answers.
#[derive(Clone, Debug, Deserialize)]
pub struct Login {
    /// The token.
    pub token: String,
    /// Until when it is good.
    pub expires_at: String,
    /// What was proven: objects with `id`, `cloud`, `external_id`, `name`.
    pub accounts: Vec<Value>,
    /// What was not: objects with `cloud`, `reason`, `detail`.
    pub rejected: Vec<Value>,
}

/// All pages of a collection.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Listing {
    /// The resources.
    pub items: Vec<Value>,
    /// Where the next page begins; none in a listing of all pages.
    pub next: Option<String>,
    /// From where to follow the events.
    pub position: i64,
    /// How old each part is.
    pub scopes: Vec<Value>,
}

/// Any answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body; null when it is empty, a string when it is not JSON.
    pub body: Value,
}

impl Client {
    /// A client of the gateway at `base`.
    pub fn new(base: &str, id: &str, secret: &str) -> Self {
        Self {
            http: tls::http(),
            base: base.to_owned(),
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: None,
        }
    }

    /// Where the gateway is.
    pub fn base(&self) -> &str {
        &self.base
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

    /// The same, with whatever answer comes, and nothing kept.
    ///
    /// # Errors
    /// No answer came.
    pub async fn check_credentials(&self, credentials: &[Value]) -> anyhow::Result<Answer> {
        let request = self.http.post(format!("{}/v1/check_credentials", self.base));
        let request =
            request.basic_auth(&self.id, Some(&self.secret)).json(&json!({"credentials": credentials}));
        Answer::of(request).await
    }

    /// Any request, with the token when there is one. `path` begins with a slash.
    ///
    /// # Errors
    /// No answer came.
    pub async fn request(&self, method: Method, path: &str) -> anyhow::Result<Answer> {
        let authorization = self.token.as_ref().map(|token| format!("Bearer {token}"));
        self.request_with(method, path, authorization.as_deref()).await
    }

    /// The same, with this `Authorization` and not with the token.
    ///
    /// # Errors
    /// No answer came.
    pub async fn request_with(
        &self,
        method: Method,
        path: &str,
        authorization: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(authorization) = authorization {
            request = request.header(reqwest::header::AUTHORIZATION, authorization);
        }
        Answer::of(request).await
    }

    /// Has something done: `order(Method::POST, "/v1/volumes", &json!({..}), Some("key"))`.
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
        let mut request = self.http.request(method, format!("{}{path}", self.base)).json(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        Answer::of(request).await
    }

    /// The body of a GET that must succeed.
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

    /// One page of a collection: `page("instances", &[("limit", "50")])`.
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

    /// All pages of a collection. Every page must carry the position of the first.
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

    /// All events after `position` that are there now, in order.
    ///
    /// # Errors
    /// As [`get`](Self::get), or an event without its position.
    pub async fn events(&self, position: i64) -> anyhow::Result<Vec<Value>> {
        let (mut all, mut after) = (Vec::new(), position);
        loop {
            let page = self.get(&format!("/v1/events?after={after}")).await?;
            let told = || format!("/v1/events: {page}");
            let events = page["items"].as_array().with_context(told)?;
            all.extend(events.iter().cloned());
            after = page["position"].as_i64().with_context(told)?;
            if page["more"] != true {
                return Ok(all);
            }
        }
    }
}

impl Answer {
    async fn of(request: reqwest::RequestBuilder) -> anyhow::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        };
        Ok(Self { status, headers, body })
    }
}

/// An entry of `credentials`: user and password of an OpenStack project.
pub fn password(cloud: &str, user: &str, password: &str, project: &str) -> Value {
    json!({"cloud": cloud, "credential": {
        "method": "password", "username": user, "password": password, "user_domain": "Default",
        "project": project, "project_domain": "Default"
    }})
}

/// An entry of `credentials`: a key pair of EC2 or of the simulator.
pub fn access_key(cloud: &str, id: &str, secret: &str) -> Value {
    json!({"cloud": cloud, "credential": {
        "method": "access_key", "access_key_id": id, "secret_access_key": secret
    }})
}
