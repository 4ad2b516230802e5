//! Session tokens: login with an access key, and renewal.

use std::sync::Arc;
use std::time::Duration;

use driver_kit::{CloudHttp, Request};
use gateway_core::secret::Secret;
use gateway_core::{Result, Timestamp};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use url::Url;

use crate::error::explain;

/// Remaining life at which a token is renewed, so that it does not expire on the way.
/// Higher renews more often; lower risks a refused request.
const RENEW_BEFORE: Duration = Duration::from_secs(30);

/// Token of a login, and its account.
#[derive(Clone, Deserialize)]
pub(crate) struct Login {
    pub(crate) token: Secret,
    pub(crate) expires: Timestamp,
    pub(crate) account: Account,
}

/// Account of a login.
#[derive(Clone, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// Access key at one cloud, with its current token.
pub(crate) struct Authenticator {
    /// URL of the login.
    url: Url,
    access_key_id: String,
    secret_access_key: Secret,
    /// Locked during a login, so that concurrent calls log in once.
    login: Mutex<Option<Arc<Login>>>,
}

impl Authenticator {
    /// Creates an authenticator without a token.
    pub(crate) fn new(url: Url, access_key_id: String, secret_access_key: Secret) -> Self {
        Self { url, access_key_id, secret_access_key, login: Mutex::new(None) }
    }

    /// Logs in, even if there is a token.
    pub(crate) async fn log_in_again(&self, http: &CloudHttp) -> Result<Arc<Login>> {
        let mut cached = self.login.lock().await;
        *cached = None;
        self.log_in(http, &mut cached).await
    }

    /// Returns a login whose token is valid for some time.
    pub(crate) async fn current(&self, http: &CloudHttp, now: Timestamp) -> Result<Arc<Login>> {
        let mut cached = self.login.lock().await;
        match cached.as_ref() {
            Some(login) if login.expires > now.plus(RENEW_BEFORE) => Ok(Arc::clone(login)),
            _ => self.log_in(http, &mut cached).await,
        }
    }

    /// Returns a login other than the refused one, which another call may have made meanwhile.
    pub(crate) async fn replace(&self, http: &CloudHttp, refused: &Arc<Login>) -> Result<Arc<Login>> {
        let mut cached = self.login.lock().await;
        match cached.as_ref() {
            Some(login) if !Arc::ptr_eq(login, refused) => Ok(Arc::clone(login)),
            _ => self.log_in(http, &mut cached).await,
        }
    }

    async fn log_in(&self, http: &CloudHttp, cached: &mut Option<Arc<Login>>) -> Result<Arc<Login>> {
        let body = json!({
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key.expose(),
        });
        // A second session is harmless, so a login may be repeated.
        let request = Request::post(self.url.clone(), "application/json", body.to_string())
            .idempotent()
            .explain(explain);
        let login = Arc::new(http.send(request).await?.json::<Login>()?);
        *cached = Some(Arc::clone(&login));
        Ok(login)
    }
}
