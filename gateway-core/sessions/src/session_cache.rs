//! Open sessions by credential.

use std::sync::Arc;

use gateway_core::Clock;
use gateway_core::access::credential::Credential;
use gateway_core::access::keyring::{Keyring, Purpose};
use gateway_core::access::seal;
use gateway_core::driver::{Capability, CloudSpec, Drivers, KeptToken, Session, SessionContext, SkewWatch};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::{AccountId, CloudId, CredentialId};
use gateway_store::{SealedCredential, Store};
use quick_cache::sync::Cache;

use crate::account_budget::AccountBudget;
use crate::budget_registry::BudgetRegistry;
use crate::cloud_cache::CloudCache;
use crate::pace::Pace;
use crate::token_cache::TokenCache;

/// Sessions kept, at most. Higher saves calls for what a session learns, such as the ids of flavors; each takes some
/// kilobytes. An evicted session costs no login: its token is in the [`TokenCache`].
const CAPACITY: usize = 16_384;

/// Returns the current keyring, which the composition root reads again when its file changes.
pub type KeyringSource = Arc<dyn Fn() -> Arc<Keyring> + Send + Sync>;

/// A session with its cloud, the driver's capability and the account's budget.
#[derive(Clone)]
pub struct OpenSession {
    /// The session.
    pub session: Arc<dyn Session>,
    /// The cloud's registration.
    pub cloud: Arc<CloudSpec>,
    /// The driver's capability.
    pub capability: &'static Capability,
    /// The account's call budget in this process.
    pub budget: Arc<AccountBudget>,
}

impl std::fmt::Debug for OpenSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenSession").field("cloud", &self.cloud.name).finish_non_exhaustive()
    }
}

/// Opens sessions and caches them, each with its account's budget.
pub struct Sessions {
    drivers: Drivers,
    keyring: KeyringSource,
    clock: Arc<dyn Clock>,
    skew: Arc<dyn SkewWatch>,
    clouds: CloudCache,
    budgets: BudgetRegistry,
    tokens: Arc<TokenCache>,
    cache: Cache<CredentialId, OpenSession>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("cached", &self.cache.len()).finish_non_exhaustive()
    }
}

impl Sessions {
    /// Returns an empty cache whose sessions spend each account's calls at this pace, and use these tokens.
    pub fn new(
        store: Store,
        drivers: Drivers,
        keyring: KeyringSource,
        clock: Arc<dyn Clock>,
        skew: Arc<dyn SkewWatch>,
        pace: Pace,
        tokens: Arc<TokenCache>,
    ) -> Self {
        let (clouds, budgets) = (CloudCache::new(store), BudgetRegistry::new(pace));
        Self { drivers, keyring, clock, skew, clouds, budgets, tokens, cache: Cache::new(CAPACITY) }
    }

    /// Sets the number of sessions that are kept.
    #[must_use]
    pub fn with_capacity(self, sessions: usize) -> Self {
        Self { cache: Cache::new(sessions), ..self }
    }

    /// Returns the session of a credential, cached or new. A session of an older registration of the cloud is replaced.
    ///
    /// # Errors
    /// Invalid or Unsupported for a credential that cannot be opened; no cloud is called.
    pub async fn get(&self, cloud: CloudId, credential: &SealedCredential) -> Result<OpenSession> {
        let registered = self.clouds.get(cloud).await?;
        let is_current = |open: &OpenSession| Arc::ptr_eq(&open.cloud, &registered.spec);
        if self.cache.get(&credential.id).is_some_and(|open| !is_current(&open)) {
            self.cache.remove(&credential.id);
        }
        self.cache.get_or_insert_async(&credential.id, self.open(cloud, credential)).await
    }

    /// Opens a session that is not cached. It shares the credential's token; a proof logs in anew.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn open(&self, cloud: CloudId, credential: &SealedCredential) -> Result<OpenSession> {
        let cloud = self.clouds.get(cloud).await?;
        let driver = self.drivers.get(&cloud.driver).ok_or_else(|| {
            let message = format!("this gateway has no driver `{}`", cloud.driver);
            Error::new(ErrorKind::Unsupported, message)
        })?;
        let place = SealedCredential::associated_data(credential.principal, credential.account);
        let plain = seal::open(&(self.keyring)(), Purpose::Credential, &place, &credential.sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Error::internal("a credential is not text"))?;
        let secret = Credential::parse(text)?;
        let budget = self.budgets.budget(credential.account, cloud.spec.calls_per_second);
        let context = SessionContext {
            clock: Arc::clone(&self.clock),
            pacer: Arc::clone(&budget) as _,
            skew: Arc::clone(&self.skew),
            tokens: Some(self.tokens.keeper(credential.id, Arc::clone(&cloud.spec))),
        };
        let session = driver.open(Arc::clone(&cloud.spec), secret, context)?;
        Ok(OpenSession { session, cloud: cloud.spec, capability: driver.capability(), budget })
    }

    /// Returns the name of a cloud of which a session was opened, for metrics.
    pub fn cloud_name(&self, cloud: CloudId) -> String {
        self.clouds.name(cloud)
    }

    /// Returns the budget of an account, the same one for as long as it is in use.
    pub fn budget(&self, account: AccountId, calls_per_second: f64) -> Arc<AccountBudget> {
        self.budgets.budget(account, calls_per_second)
    }

    /// Returns the budget of an account that is in use.
    pub fn known_budget(&self, account: AccountId) -> Option<Arc<AccountBudget>> {
        self.budgets.known(account)
    }

    /// Keeps the token of a session that was opened before its credential had an id.
    pub fn adopt(&self, credential: CredentialId, cloud: &Arc<CloudSpec>, token: KeptToken) {
        self.tokens.keeper(credential, Arc::clone(cloud)).put(token);
    }

    /// Removes the session and the token of a credential that was refused.
    pub fn forget(&self, credential: CredentialId) {
        self.cache.remove(&credential);
        self.tokens.forget(credential);
    }
}
