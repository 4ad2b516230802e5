//! The login of a session: one at a time for each credential, kept for as long as its token is good.

use std::sync::{Arc, Mutex, PoisonError};

use gateway_core::clock::Timestamp;
use gateway_core::driver::{KeptToken, OwnToken, TokenKeeper};
use gateway_core::error::{ErrorKind, Result};

use crate::cloud_http::CloudHttp;
use crate::instruments;

/// A driver's login: a token, and what the cloud sent with it.
pub trait Login: Send + Sync + 'static {
    /// Returns the moment from which the token is not used for a new call.
    fn use_until(&self) -> Timestamp;

    /// Returns about how much memory the login takes. The process keeps as many logins as fit into its limit.
    fn bytes(&self) -> usize;
}

/// The logins of one session, shared with all sessions of the same credential.
#[derive(Debug)]
pub struct Logins<L> {
    http: CloudHttp,
    keeper: Arc<dyn TokenKeeper>,
    /// The session's own reference, which stays when the keeper drops the login.
    own: Mutex<Option<Arc<L>>>,
}

impl<L: Login> Logins<L> {
    /// Returns the logins of a session, with the keeper of its context.
    pub fn new(http: CloudHttp) -> Self {
        let keeper = http.link().tokens.clone().unwrap_or_else(|| Arc::new(OwnToken::default()));
        Self { http, keeper, own: Mutex::default() }
    }

    /// Returns a login whose token is good, by `log_in` if there is none. Concurrent callers share one login.
    ///
    /// # Errors
    /// The error of `log_in`.
    pub async fn current(&self, log_in: impl Future<Output = Result<L>>) -> Result<Arc<L>> {
        if let Some(login) = self.usable() {
            return Ok(login);
        }
        let _turn = self.keeper.turn().lock().await;
        match self.usable() {
            Some(login) => Ok(login),
            None => self.renew(log_in).await,
        }
    }

    /// Returns another login than one whose token was refused, by `log_in` unless another caller has replaced it already.
    ///
    /// # Errors
    /// The error of `log_in`.
    pub async fn replace(&self, refused: &Arc<L>, log_in: impl Future<Output = Result<L>>) -> Result<Arc<L>> {
        let _turn = self.keeper.turn().lock().await;
        match self.usable() {
            Some(login) if !Arc::ptr_eq(&login, refused) => Ok(login),
            _ => self.renew(log_in).await,
        }
    }

    /// Logs in, whatever is kept: a proof of the credential.
    ///
    /// # Errors
    /// The error of `log_in`.
    pub async fn anew(&self, log_in: impl Future<Output = Result<L>>) -> Result<Arc<L>> {
        let _turn = self.keeper.turn().lock().await;
        self.renew(log_in).await
    }

    /// Logs in. The caller holds the keeper's turn.
    async fn renew(&self, log_in: impl Future<Output = Result<L>>) -> Result<Arc<L>> {
        let result = log_in.await;
        instruments::logged_in(&self.http.cloud().name, result.as_ref().err().map(|error| error.kind()));
        match result {
            Ok(login) => {
                let login = Arc::new(login);
                self.keeper.put(KeptToken::new(Arc::clone(&login), login.bytes()));
                self.set_own(Some(Arc::clone(&login)));
                Ok(login)
            }
            Err(error) => {
                if error.kind() == ErrorKind::Unauthorized {
                    self.keeper.clear();
                    self.set_own(None);
                }
                Err(error)
            }
        }
    }

    /// Returns the newest login, if its token may be used for a call that begins now.
    fn usable(&self) -> Option<Arc<L>> {
        let kept = self.keeper.get().and_then(|token| token.login::<L>());
        if kept.is_some() {
            self.set_own(kept.clone());
        }
        let newest = kept.or_else(|| self.own.lock().unwrap_or_else(PoisonError::into_inner).clone());
        newest.filter(|login| self.http.link().now() < login.use_until())
    }

    fn set_own(&self, login: Option<Arc<L>>) {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = login;
    }
}
