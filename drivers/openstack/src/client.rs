//! Calls to the services, with a token that is cached and renewed.

mod upload;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use driver_kit::{CloudHttp, HeaderName, HeaderValue, Logins, Request, Response};
use gateway_core::access::credential::Credential;
use gateway_core::clock::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::id::Region;
use gateway_core::secret::Secret;
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
    logins: Logins<Login>,
    /// The end of the time for which a refusal is cached, and its message.
    refused: Mutex<Option<(Timestamp, String)>>,
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
    targets: Mutex<BTreeMap<(Service, Region), Arc<Target>>>,
}

impl driver_kit::Login for Login {
    fn use_until(&self) -> Timestamp {
        self.use_until
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.token.expose().len() + self.catalog.bytes()
    }
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
        let logins = Logins::new(http.clone());
        Self { http, keystone, config, credential, logins, refused: Mutex::default() }
    }

    pub(crate) fn http(&self) -> &CloudHttp {
        &self.http
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Logs in, whatever is cached.
    pub(crate) async fn login_anew(&self) -> Result<Arc<Login>> {
        self.logins.anew(self.issue()).await
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

    /// Returns the login of the credential, or a new one if that expires soon. Concurrent callers share one login.
    pub(crate) async fn login(&self) -> Result<Arc<Login>> {
        self.logins.current(self.issue_unless_refused()).await
    }

    async fn login_after_refusal_of(&self, refused: &Arc<Login>) -> Result<Arc<Login>> {
        self.logins.replace(refused, self.issue()).await
    }

    async fn issue_unless_refused(&self) -> Result<Login> {
        let now = self.http.link().now();
        let refused = self.refused().as_ref().filter(|(until, _)| now < *until).cloned();
        match refused {
            Some((_, message)) => Err(Error::new(ErrorKind::Unauthorized, message)),
            None => self.issue().await,
        }
    }

    async fn issue(&self) -> Result<Login> {
        let issued = auth::issue(&self.http, &self.keystone, &self.credential).await;
        match &issued {
            Ok(_) => *self.refused() = None,
            Err(error) if error.kind() == ErrorKind::Unauthorized => {
                let until = self.http.link().now().plus(REFUSAL_CACHED);
                *self.refused() = Some((until, error.message().to_owned()));
            }
            Err(_) => {}
        }
        let token = issued?;
        let allowed = &self.http.cloud().regions;
        Ok(Login {
            catalog: Catalog::new(&token.catalog, self.config.interface, allowed),
            token: token.secret,
            use_until: token.use_until,
            account: token.account,
            project_name: token.project_name,
            targets: Mutex::default(),
        })
    }

    fn refused(&self) -> MutexGuard<'_, Option<(Timestamp, String)>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
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
