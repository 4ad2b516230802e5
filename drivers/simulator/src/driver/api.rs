//! Calls to the cloud, with the session token kept and renewed.

use std::sync::Arc;
use std::time::Duration;

use driver_kit::{
    CloudHttp, HeaderName, Method, Request, Response, StatusCode, header, status_error, trim_words,
};
use gateway_core::driver::{CloudSpec, Forward, Notice, SessionContext};
use gateway_core::error::CloudWords;
use gateway_core::secret::Secret;
use gateway_core::{Error, ErrorKind, Result, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

/// Where the cloud tells its own id of a request.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// A token this close to its end is renewed before it is used, so that it does not end on the way.
const RENEW_BEFORE: Duration = Duration::from_secs(30);

/// What a login brought.
#[derive(Clone, Deserialize)]
pub(super) struct Login {
    token: Secret,
    expires: Timestamp,
    pub(super) account: Account,
}

#[derive(Clone, Deserialize)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: String,
}

pub(super) struct Api {
    http: CloudHttp,
    link: SessionContext,
    endpoint: Url,
    access_key_id: String,
    secret_access_key: Secret,
    /// Held while logging in, so that many calls at once log in once.
    login: Mutex<Option<Arc<Login>>>,
}

impl Api {
    pub(super) fn new(
        cloud: Arc<CloudSpec>,
        endpoint: Url,
        access_key_id: String,
        secret_access_key: Secret,
        link: SessionContext,
    ) -> Result<Self> {
        let http = CloudHttp::new(cloud, link.clone())?;
        Ok(Self { http, link, endpoint, access_key_id, secret_access_key, login: Mutex::new(None) })
    }

    pub(super) fn notices(&self) -> Vec<Notice> {
        self.http.notices()
    }

    /// Logs in, whether or not there is a token.
    pub(super) async fn log_in_afresh(&self) -> Result<Arc<Login>> {
        let mut kept = self.login.lock().await;
        *kept = None;
        self.log_in(&mut kept).await
    }

    /// A read; a token that was refused is renewed once.
    pub(super) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Response> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let login = self.current().await?;
        match self.get_with(&login, url.clone()).await {
            Err(error) if error.kind() == ErrorKind::Unauthorized => {
                let login = self.instead_of(&login).await?;
                self.get_with(&login, url).await
            }
            result => result,
        }
    }

    /// A write, sent once. Where the token is refused nothing was done, so that a new one may be tried.
    pub(super) async fn write(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Response> {
        let url = self.url(path)?;
        let login = self.current().await?;
        match self.write_with(&login, method.clone(), url.clone(), body).await {
            Err(error) if error.kind() == ErrorKind::Unauthorized => {
                let login = self.instead_of(&login).await?;
                self.write_with(&login, method, url, body).await
            }
            result => result,
        }
    }

    /// Where the content of a resource goes. The resource is read first, which renews a token that was refused.
    pub(super) async fn forward(&self, path: &[&str]) -> Result<Forward> {
        self.get(path, &[]).await.map_err(Error::untouched)?;
        let login = self.current().await.map_err(Error::untouched)?;
        let url = self.url(&[path, &["content"]].concat())?;
        self.http.check_address(&url)?;
        self.link.pacer.acquire().await;
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
            // What was done is done; reads will refuse the endpoint.
            tracing::warn!(error = %clock.chain(), "a write was answered by a clock that is off");
        }
        Ok(response)
    }

    async fn get_with(&self, login: &Login, url: Url) -> Result<Response> {
        let bearer = format!("Bearer {}", login.token.expose());
        let request = Request::get(url).secret_header(header::AUTHORIZATION, &bearer)?.explain(explain);
        self.http.send(request).await
    }

    async fn current(&self) -> Result<Arc<Login>> {
        let mut kept = self.login.lock().await;
        let usable_until = self.link.now().plus(RENEW_BEFORE);
        match kept.as_ref() {
            Some(login) if login.expires > usable_until => Ok(Arc::clone(login)),
            _ => self.log_in(&mut kept).await,
        }
    }

    /// A login other than the refused one; another call may have made it meanwhile.
    async fn instead_of(&self, refused: &Arc<Login>) -> Result<Arc<Login>> {
        let mut kept = self.login.lock().await;
        match kept.as_ref() {
            Some(login) if !Arc::ptr_eq(login, refused) => Ok(Arc::clone(login)),
            _ => self.log_in(&mut kept).await,
        }
    }

    async fn log_in(&self, kept: &mut Option<Arc<Login>>) -> Result<Arc<Login>> {
        let body = json!({
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key.expose(),
        });
        // A second session does no harm: logging in may be repeated.
        let request = Request::post(self.url(&["auth"])?, "application/json", body.to_string())
            .idempotent()
            .explain(explain);
        let login = Arc::new(self.http.send(request).await?.json::<Login>()?);
        *kept = Some(Arc::clone(&login));
        Ok(login)
    }

    fn url(&self, path: &[&str]) -> Result<Url> {
        let mut url = self.endpoint.clone();
        url.path_segments_mut()
            .map_err(|()| Error::invalid("the endpoint has no path"))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }
}

/// Reads a refused write: what went wrong, and the cloud's own words.
pub(super) fn refusal(response: &Response) -> Error {
    let error = explain(response).unwrap_or_else(|| status_error(response));
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |member: &str| body["error"][member].as_str().map(trim_words);
    error.with_cloud(CloudWords {
        code: text("code").unwrap_or_else(|| response.status.as_u16().to_string()),
        message: text("message").unwrap_or_default(),
        request_id: response.header(&REQUEST_ID).map(str::to_owned),
    })
}

/// Only the cloud itself can say that a resource is not there: any other 404 is a wrong address.
fn explain(response: &Response) -> Option<Error> {
    if response.status != StatusCode::NOT_FOUND {
        return None;
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match body["error"]["code"].as_str() {
        Some("no_such_resource") => None,
        Some("no_such_region") => Some(Error::new(ErrorKind::Unsupported, "the cloud has no such region")),
        _ => {
            let message = format!("{} is not a simulated cloud", response.endpoint);
            Some(Error::new(ErrorKind::WrongDocument, message))
        }
    }
}
