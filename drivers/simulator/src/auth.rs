//! Session tokens: login with an access key, and renewal.

use std::sync::Arc;
use std::time::Duration;

use driver_kit::{CloudHttp, Logins, Request};
use gateway_core::secret::Secret;
use gateway_core::{Result, Timestamp};
use serde::Deserialize;
use serde_json::json;
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

impl driver_kit::Login for Login {
    fn use_until(&self) -> Timestamp {
        self.expires.minus(RENEW_BEFORE)
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.token.expose().len() + self.account.id.len() + self.account.name.len()
    }
}

/// Access key at one cloud, with its current token.
pub(crate) struct Authenticator {
    http: CloudHttp,
    /// URL of the login.
    url: Url,
    access_key_id: String,
    secret_access_key: Secret,
    logins: Logins<Login>,
}

impl Authenticator {
    /// Creates an authenticator; it logs in with the first call.
    pub(crate) fn new(http: CloudHttp, url: Url, access_key_id: String, secret_access_key: Secret) -> Self {
        let logins = Logins::new(http.clone());
        Self { http, url, access_key_id, secret_access_key, logins }
    }

    /// Logs in, even if there is a token.
    pub(crate) async fn log_in_again(&self) -> Result<Arc<Login>> {
        self.logins.anew(self.log_in()).await
    }

    /// Returns a login whose token is valid for some time.
    pub(crate) async fn current(&self) -> Result<Arc<Login>> {
        self.logins.current(self.log_in()).await
    }

    /// Returns a login other than the refused one, which another call may have made meanwhile.
    pub(crate) async fn replace(&self, refused: &Arc<Login>) -> Result<Arc<Login>> {
        self.logins.replace(refused, self.log_in()).await
    }

    async fn log_in(&self) -> Result<Login> {
        let body = json!({
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key.expose(),
        });
        // A second session is harmless, so a login may be repeated.
        let request = Request::post(self.url.clone(), "application/json", body.to_string())
            .idempotent()
            .explain(explain);
        self.http.send(request).await?.json::<Login>()
    }
}
