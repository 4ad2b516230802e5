//! Calls to the services, with a token that is cached and renewed.

mod upload;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use driver_kit::{CloudHttp, HeaderName, HeaderValue, Request, Response};
use gateway_core::access::credential::Credential;
use gateway_core::clock::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::id::Region;
use gateway_core::secret::Secret;
use tokio::sync::Mutex;
use url::Url;

use crate::auth::Account;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::microversion::{self, Microversion};
use crate::service::Service;
use crate::{auth, error};

pub(crate) use write::{Answer, Write};

const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// The time for which a refusal is cached. A higher value keeps repeated logins from locking the user out; a lower
/// one notices sooner that a password works again. A proof always asks Keystone.
const REFUSAL_CACHED: Duration = Duration::from_secs(30);

/// The calls to one cloud with one credential.
#[derive(Debug)]
pub(crate) struct Client {
    http: CloudHttp,
    keystone: Url,
    config: Config,
    credential: Credential,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    login: Option<Arc<Login>>,
    refused: Option<(Timestamp, String)>,
}

/// A token, and what Keystone sent with it.
#[derive(Debug)]
pub(crate) struct Login {
    token: Secret,
    use_until: Timestamp,
    /// The account of the token.
    pub(crate) account: Account,
    /// The project's name.
    pub(crate) project_name: String,
    /// The addresses of the services.
    pub(crate) catalog: Catalog,
    /// Negotiated addresses and versions. They last as long as the token, so that an upgrade of the cloud is noticed.
    targets: std::sync::Mutex<BTreeMap<(Service, Region), Arc<Target>>>,
}

/// The address and headers of one service in one region.
#[derive(Debug)]
struct Target {
    base: Url,
    version: Option<Microversion>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Target {
    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| {
                Error::new(ErrorKind::WrongDocument, "the address in the catalog cannot be a base URL")
            })?
            .pop_if_empty()
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

impl Client {
    pub(crate) fn new(http: CloudHttp, keystone: Url, config: Config, credential: Credential) -> Self {
        Self { http, keystone, config, credential, state: Mutex::default() }
    }

    pub(crate) fn http(&self) -> &CloudHttp {
        &self.http
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Logs in, whatever is cached.
    pub(crate) async fn login_anew(&self) -> Result<Arc<Login>> {
        self.issue(&mut *self.state.lock().await).await
    }

    /// Reads from a service. A token that the service refuses is renewed once.
    pub(crate) async fn read(
        &self,
        region: &Region,
        service: Service,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Response> {
        let login = self.login().await?;
        match self.read_as(&login, region, service, path, query).await {
            Err(error) if error.kind() == ErrorKind::Unauthorized => {}
            other => return other,
        }
        let login = self.login_after_refusal_of(&login).await?;
        self.read_as(&login, region, service, path, query).await.map_err(fresh_token_refused)
    }

    /// Returns the microversion used with a service; `None` if the service has none.
    pub(crate) async fn microversion(
        &self,
        region: &Region,
        service: Service,
    ) -> Result<Option<Microversion>> {
        let login = self.login().await?;
        Ok(self.target(&login, region, service).await?.version)
    }

    async fn read_as(
        &self,
        login: &Login,
        region: &Region,
        service: Service,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Response> {
        let target = self.target(login, region, service).await?;
        self.get(login, target.url(path, query)?, &target.headers).await
    }

    async fn get(&self, login: &Login, url: Url, more: &[(HeaderName, HeaderValue)]) -> Result<Response> {
        let mut request =
            Request::get(url).secret_header(AUTH_TOKEN, login.token.expose())?.explain(error::explain_read);
        request.headers.extend_from_slice(more);
        self.http.send(request).await
    }

    async fn target(&self, login: &Login, region: &Region, service: Service) -> Result<Arc<Target>> {
        let key = (service, region.clone());
        let known = login.targets.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(target) = known {
            return Ok(target);
        }
        let (base, root) = microversion::addresses(service, login.catalog.address(service, region)?)?;
        let version = match (service, self.fixed(service)) {
            (Service::Image | Service::Network, _) => None,
            (_, Some(fixed)) => Some(fixed),
            (_, None) => Some(microversion::choose(service, &self.get(login, root, &[]).await?)?),
        };
        let headers = version.map(|version| microversion::headers(service, version)).unwrap_or_default();
        let target = Arc::new(Target { base, version, headers });
        login.targets.lock().unwrap_or_else(PoisonError::into_inner).insert(key, target.clone());
        Ok(target)
    }

    fn fixed(&self, service: Service) -> Option<Microversion> {
        match service {
            Service::Compute => self.config.compute_microversion,
            Service::Volume => self.config.volume_microversion,
            Service::Image | Service::Network => None,
        }
    }

    /// Returns the cached login, or a new one if that expires soon. Concurrent callers share one login.
    pub(crate) async fn login(&self) -> Result<Arc<Login>> {
        let mut state = self.state.lock().await;
        let now = self.http.link().now();
        match &*state {
            State { login: Some(login), .. } if now < login.use_until => Ok(login.clone()),
            State { refused: Some((until, message)), .. } if now < *until => {
                Err(Error::new(ErrorKind::Unauthorized, message.clone()))
            }
            _ => self.issue(&mut state).await,
        }
    }

    async fn login_after_refusal_of(&self, refused: &Arc<Login>) -> Result<Arc<Login>> {
        let mut state = self.state.lock().await;
        match &state.login {
            Some(login) if !Arc::ptr_eq(login, refused) => Ok(login.clone()),
            _ => self.issue(&mut state).await,
        }
    }

    async fn issue(&self, state: &mut State) -> Result<Arc<Login>> {
        let token = match auth::issue(&self.http, &self.keystone, &self.credential).await {
            Ok(token) => token,
            Err(error) => {
                if error.kind() == ErrorKind::Unauthorized {
                    let until = self.http.link().now().plus(REFUSAL_CACHED);
                    *state = State { login: None, refused: Some((until, error.message().to_owned())) };
                }
                return Err(error);
            }
        };
        let allowed = &self.http.cloud().regions;
        let login = Arc::new(Login {
            catalog: Catalog::new(&token.catalog, self.config.interface, allowed),
            token: token.secret,
            use_until: token.use_until,
            account: token.account,
            project_name: token.project_name,
            targets: std::sync::Mutex::default(),
        });
        *state = State { login: Some(login.clone()), refused: None };
        Ok(login)
    }
}

/// Turns the refusal of a fresh token into `Unavailable`: Keystone has just accepted the credential.
fn fresh_token_refused(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Unauthorized => {
            let message = format!("a service refuses the token that Keystone has just issued: {error}");
            Error::unavailable(message).with_status(Status::Persistent)
        }
        _ => error,
    }
}
