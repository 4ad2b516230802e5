//! The driver for OpenStack: Keystone v3, Nova, Glance, Cinder, Neutron.
//!
//! What it can do, its options and its tables of states are in `docs.md` beside this crate.

#![warn(missing_docs)]

mod act;
mod auth;
mod catalog;
mod config;
mod connection;
#[cfg(test)]
mod docs_test;
mod flavor_ids;
mod listing;
mod not_found;
mod options;
mod paging;
mod refusal;
mod resources;
mod router_ports;
mod session;
mod single;
mod state;
mod version;
mod wire;

use std::sync::Arc;

use gateway_core::access::credential::Credential;
use gateway_core::driver::{Capability, CloudSpec, Driver, Session, SessionContext};
use gateway_core::error::Result;

use crate::session::OpenStackSession;

/// OpenStack as a type of cloud.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenStack;

static CAPABILITY: Capability = Capability {
    kinds: &resources::KINDS,
    verbs: &act::VERBS,
    credentials: &["password", "application_credential"],
};

impl Driver for OpenStack {
    fn name(&self) -> &'static str {
        "openstack"
    }

    fn capability(&self) -> &'static Capability {
        &CAPABILITY
    }

    fn validate(&self, cloud: &CloudSpec) -> Result<()> {
        config::Config::read(cloud)?;
        driver_kit::AddressGate::new(cloud)?.check(&config::keystone(&cloud.endpoint)?)
    }

    fn open(
        &self,
        cloud: Arc<CloudSpec>,
        credential: Credential,
        link: SessionContext,
    ) -> Result<Arc<dyn Session>> {
        Ok(Arc::new(OpenStackSession::new(cloud, credential, link)?))
    }
}
