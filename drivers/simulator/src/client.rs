//! Calls to the cloud.

use std::sync::Arc;

use driver_kit::{CloudHttp, Method, Request, Response, header};
use gateway_core::driver::{CloudSpec, Forward, Notice, SessionContext};
use gateway_core::secret::Secret;
use gateway_core::{Error, ErrorKind, Result};
use serde_json::Value;
use url::Url;

use crate::auth::{Authenticator, Login};
use crate::error::{explain, refusal};

/// Client of one cloud with one access key.
pub(crate) struct Client {
    http: CloudHttp,
    context: SessionContext,
    endpoint: Url,
    auth: Authenticator,
}

impl Client {
    /// Creates a client; it logs in with the first call.
    pub(crate) fn new(
        cloud: Arc<CloudSpec>,
        endpoint: Url,
        access_key_id: String,
        secret_access_key: Secret,
        context: SessionContext,
    ) -> Result<Self> {
        let http = CloudHttp::new(cloud, context.clone())?;
        let auth =
            Authenticator::new(http.clone(), url_of(&endpoint, &["auth"])?, access_key_id, secret_access_key);
        Ok(Self { http, context, endpoint, auth })
    }

    /// Returns the notices since the last call.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.http.notices()
    }

    /// Logs in, even if there is a token.
    pub(crate) async fn log_in_again(&self) -> Result<Arc<Login>> {
        self.auth.log_in_again().await
    }

    /// Sends a read; a refused token is renewed once.
    pub(crate) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Response> {
        let mut url = url_of(&self.endpoint, path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let login = self.login().await?;
        match self.get_with(&login, url.clone()).await {
            Err(error) if error.kind() == ErrorKind::Unauthorized => {
                let login = self.auth.replace(&login).await?;
                self.get_with(&login, url).await
            }
            result => result,
        }
    }

    /// Sends a write once. A refused token proves that nothing was done, so the write is sent with a new one.
    pub(crate) async fn write(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Response> {
        let url = url_of(&self.endpoint, path)?;
        let login = self.login().await?;
        match self.write_with(&login, method.clone(), url.clone(), body).await {
            Err(error) if error.kind() == ErrorKind::Unauthorized => {
                let login = self.auth.replace(&login).await?;
                self.write_with(&login, method, url, body).await
            }
            result => result,
        }
    }

    /// Returns where to send the content of a resource. Reads the resource first, which renews a refused token.
    pub(crate) async fn forward(&self, path: &[&str]) -> Result<Forward> {
        self.get(path, &[]).await.map_err(Error::untouched)?;
        let login = self.login().await.map_err(Error::untouched)?;
        let url = url_of(&self.endpoint, &[path, &["content"]].concat())?;
        self.http.check_address(&url)?;
        self.context.pacer.acquire().await;
        let bearer = format!("Bearer {}", login.token.expose());
        Ok(Forward {
            method: "PUT".to_owned(),
            url: url.into(),
            headers: vec![(header::AUTHORIZATION.as_str().to_owned(), Secret::new(bearer))],
            content_type: "application/octet-stream".to_owned(),
            allow_plaintext: self.http.cloud().allow_plaintext,
        })
    }

    async fn write_with(
        &self,
        login: &Login,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Response> {
        let bearer = format!("Bearer {}", login.token.expose());
        let request = match body {
            Some(body) => Request::json(method, url, body),
            None => Request::new(method, url),
        };
        let request = request.only_once().secret_header(header::AUTHORIZATION, &bearer)?;
        let request = request.explain(|response| Some(refusal(response)));
        let (response, clock) = self.http.send_write(request).await?;
        if let Some(clock) = clock {
            // The write has been executed; reads will reject the endpoint.
            tracing::warn!(endpoint = %self.endpoint, error = %clock.chain(), "the answer to a write has a wrong clock");
        }
        Ok(response)
    }

    async fn get_with(&self, login: &Login, url: Url) -> Result<Response> {
        let bearer = format!("Bearer {}", login.token.expose());
        let request = Request::get(url).secret_header(header::AUTHORIZATION, &bearer)?.explain(explain);
        self.http.send(request).await
    }

    async fn login(&self) -> Result<Arc<Login>> {
        self.auth.current().await
    }
}

fn url_of(endpoint: &Url, path: &[&str]) -> Result<Url> {
    let mut url = endpoint.clone();
    url.path_segments_mut()
        .map_err(|()| Error::invalid("the endpoint has no path"))?
        .pop_if_empty()
        .extend(path);
    Ok(url)
}
