//! Drivers, and the registry of those that this build has.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::capability::Capability;
use super::cloud::CloudSpec;
use super::context::SessionContext;
use super::session::Session;
use crate::access::credential::Credential;
use crate::error::Result;

/// The adapter for one type of cloud.
pub trait Driver: Send + Sync {
    /// Returns the name in registrations, such as `openstack`.
    fn name(&self) -> &'static str;

    /// Returns everything that this type of cloud supports.
    fn capability(&self) -> &'static Capability;

    /// Checks a registration before it is stored: form of the endpoint, options.
    ///
    /// # Errors
    /// Invalid, with the change that is needed.
    fn validate(&self, cloud: &CloudSpec) -> Result<()>;

    /// Makes a session without a call.
    ///
    /// # Errors
    /// Invalid, for a form of credential that the cloud does not accept.
    fn open(
        &self,
        cloud: Arc<CloudSpec>,
        credential: Credential,
        context: SessionContext,
    ) -> Result<Arc<dyn Session>>;
}

/// The drivers that this build has, by name.
#[derive(Clone, Default)]
pub struct Drivers(BTreeMap<&'static str, Arc<dyn Driver>>);

impl Drivers {
    /// Adds a driver. The composition root has one such line for each.
    #[must_use]
    pub fn with(mut self, driver: impl Driver + 'static) -> Self {
        self.0.insert(driver.name(), Arc::new(driver));
        self
    }

    /// Returns the driver of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Driver>> {
        self.0.get(name)
    }

    /// Returns the names of all drivers.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
}

impl fmt::Debug for Drivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
