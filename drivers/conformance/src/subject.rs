//! What the suite is run on.

use std::fmt;
use std::sync::Arc;

use gateway_core::access::credential::Credential;
use gateway_core::clock::{Clock, SystemClock};
use gateway_core::driver::{CloudSpec, Driver, Session, SessionContext};
use gateway_core::{Kind, Result};

use crate::fault::Faults;

/// A driver, a cloud and credentials.
pub struct Subject {
    /// The driver.
    pub driver: Arc<dyn Driver>,
    /// The registration.
    pub cloud: CloudSpec,
    /// A credential that works.
    pub good: Credential,
    /// One of the same form that the cloud refuses; `None` where the cloud takes all.
    pub bad: Option<Credential>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who can break things.
    pub faults: Option<Arc<dyn Faults>>,
    /// A native key of the right form that the cloud does not have.
    pub absent_key: Box<dyn Fn(Kind) -> String + Send + Sync>,
}

impl Subject {
    /// A subject with the machine's clock, no faults, and a UUID for what is absent.
    pub fn new(driver: impl Driver + 'static, cloud: CloudSpec, good: Credential) -> Self {
        Self {
            driver: Arc::new(driver),
            cloud,
            good,
            bad: None,
            clock: Arc::new(SystemClock),
            faults: None,
            absent_key: Box::new(|_| "c0ffee00-0000-4000-8000-00000000c0de".to_owned()),
        }
    }

    /// Adds a credential that the cloud refuses.
    #[must_use]
    pub fn with_bad(mut self, bad: Credential) -> Self {
        self.bad = Some(bad);
        self
    }

    /// Adds who can break things.
    #[must_use]
    pub fn with_faults(mut self, faults: Arc<dyn Faults>) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Sets the form of absent keys.
    #[must_use]
    pub fn with_absent_key(mut self, absent_key: impl Fn(Kind) -> String + Send + Sync + 'static) -> Self {
        self.absent_key = Box::new(absent_key);
        self
    }

    pub(crate) fn open(&self) -> Result<Arc<dyn Session>> {
        self.open_at(self.cloud.clone(), self.good.clone())
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
