//! The subject of a run: driver, cloud, credentials and environment.

use std::fmt;
use std::sync::Arc;

use gateway_core::access::credential::Credential;
use gateway_core::clock::{Clock, SystemClock};
use gateway_core::driver::{CloudSpec, Driver, Session, SessionContext};
use gateway_core::{Kind, Result};

use crate::fault::FaultInjector;

/// A driver, the registration of a cloud, and credentials for it.
pub struct Subject {
    /// Driver under test.
    pub driver: Arc<dyn Driver>,
    /// Registration of the cloud.
    pub cloud: CloudSpec,
    /// Valid credential.
    pub credential: Credential,
    /// Credential of the same form that the cloud refuses; `None` if the cloud accepts all.
    pub wrong_credential: Option<Credential>,
    /// Source of the time.
    pub clock: Arc<dyn Clock>,
    /// Means to inject faults; `None` if the environment has none.
    pub faults: Option<Arc<dyn FaultInjector>>,
    /// Returns a native key of the right form that does not exist in the cloud.
    pub absent_key: Box<dyn Fn(Kind) -> String + Send + Sync>,
}

impl Subject {
    /// Creates a subject with the system clock, without faults, and with a UUID as the absent key.
    pub fn new(driver: impl Driver + 'static, cloud: CloudSpec, credential: Credential) -> Self {
        Self {
            driver: Arc::new(driver),
            cloud,
            credential,
            wrong_credential: None,
            clock: Arc::new(SystemClock),
            faults: None,
            absent_key: Box::new(|_| "c0ffee00-0000-4000-8000-00000000c0de".to_owned()),
        }
    }

    /// Sets a credential that the cloud refuses.
    #[must_use]
    pub fn with_wrong_credential(mut self, credential: Credential) -> Self {
        self.wrong_credential = Some(credential);
        self
    }

    /// Sets the means to inject faults.
    #[must_use]
    pub fn with_faults(mut self, faults: Arc<dyn FaultInjector>) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Sets the function that makes absent keys.
    #[must_use]
    pub fn with_absent_key(mut self, absent_key: impl Fn(Kind) -> String + Send + Sync + 'static) -> Self {
        self.absent_key = Box::new(absent_key);
        self
    }

    pub(crate) fn open(&self) -> Result<Arc<dyn Session>> {
        self.open_at(self.cloud.clone(), self.credential.clone())
    }

    pub(crate) fn open_at(&self, cloud: CloudSpec, credential: Credential) -> Result<Arc<dyn Session>> {
        self.driver.open(Arc::new(cloud), credential, SessionContext::unpaced(Arc::clone(&self.clock)))
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("driver", &self.driver.name()).finish_non_exhaustive()
    }
}
