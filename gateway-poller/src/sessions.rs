//! Open sessions, one a credential, and how a sealed credential becomes one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway_core::Clock;
use gateway_core::access::credential::Credential;
use gateway_core::access::keyring::Purpose;
use gateway_core::access::seal;
use gateway_core::driver::{Capability, CloudSpec, Drivers, Session, SessionContext, SkewWatch};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::{CloudId, CredentialId};
use gateway_store::{SealedCredential, Store};

use crate::account_budget::{AccountBudget, Budgets, Pace};
use crate::clouds::Clouds;
use crate::poller::Keys;

/// Sessions kept. Higher spares logins where many accounts are polled; each holds a token and a catalog.
const KEPT: usize = 256;

/// A session with what its user needs besides.
#[derive(Clone)]
pub struct Opened {
    /// The session.
    pub session: Arc<dyn Session>,
    /// Its cloud.
    pub cloud: Arc<CloudSpec>,
    /// What the driver can do.
    pub capability: &'static Capability,
    /// What this process may spend of the account's calls.
    pub budget: Arc<AccountBudget>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("cloud", &self.cloud.name).finish_non_exhaustive()
    }
}

struct Kept {
    opened: Opened,
    used: u64,
}

#[derive(Default)]
struct Shelf {
    kept: HashMap<CredentialId, Kept>,
    uses: u64,
}

/// Opens sessions and keeps them, each with its account's budget.
pub struct Sessions {
    drivers: Drivers,
    keys: Keys,
    clock: Arc<dyn Clock>,
    skew: Arc<dyn SkewWatch>,
    clouds: Clouds,
    budgets: Budgets,
    shelf: Mutex<Shelf>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sessions({} kept)", self.shelf().kept.len())
    }
}

impl Sessions {
    /// Sessions that spend each account's calls at this pace.
    pub fn new(
        store: Store,
        drivers: Drivers,
        keys: Keys,
        clock: Arc<dyn Clock>,
        skew: Arc<dyn SkewWatch>,
        pace: Pace,
    ) -> Self {
        let clouds = Clouds::new(store);
        Self { drivers, keys, clock, skew, clouds, budgets: Budgets::new(pace), shelf: Mutex::default() }
    }

    /// The session of this credential, kept from before or new.
    ///
    /// # Errors
    /// Invalid or Unsupported for a credential that cannot be opened; no cloud is called.
    pub async fn get(&self, cloud: CloudId, credential: &SealedCredential) -> Result<Opened> {
        if let Some(opened) = self.shelf().take_up(credential.id) {
            return Ok(opened);
        }
        let opened = self.open(cloud, credential).await?;
        self.shelf().keep(credential.id, opened.clone());
        Ok(opened)
    }

    /// A session that nobody used before: what it says of the credential is not from memory.
    pub(crate) async fn open(&self, cloud: CloudId, credential: &SealedCredential) -> Result<Opened> {
        let cloud = self.clouds.get(cloud).await?;
        let driver = self.drivers.get(&cloud.driver).ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, format!("this gateway has no driver {:?}", cloud.driver))
        })?;
        let place = SealedCredential::associated_data(credential.principal, credential.account);
        let plain = seal::open(&(self.keys)(), Purpose::Credential, &place, &credential.sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Error::internal("a credential is not text"))?;
        let secret = Credential::parse(text)?;
        let budget = self.budgets.of(credential.account, cloud.spec.calls_per_second);
        let link = SessionContext {
            clock: Arc::clone(&self.clock),
            pacer: Arc::clone(&budget) as _,
            skew: Arc::clone(&self.skew),
        };
        let session = driver.open(Arc::clone(&cloud.spec), secret, link)?;
        Ok(Opened { session, cloud: cloud.spec, capability: driver.capability(), budget })
    }

    /// Forgets a session whose credential was refused.
    pub fn forget(&self, credential: CredentialId) {
        self.shelf().kept.remove(&credential);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Losing a session costs a login: whatever a panic left here is good enough.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn take_up(&mut self, id: CredentialId) -> Option<Opened> {
        self.uses += 1;
        let kept = self.kept.get_mut(&id)?;
        kept.used = self.uses;
        Some(kept.opened.clone())
    }

    fn keep(&mut self, id: CredentialId, opened: Opened) {
        if self.kept.len() >= KEPT {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(id, _)| *id);
            oldest.map(|oldest| self.kept.remove(&oldest));
        }
        self.kept.insert(id, Kept { opened, used: self.uses });
    }
}
