//! The driver for OpenStack: Keystone v3, Nova, Glance, Cinder, Neutron.
//!
//! Imports go one way. The vocabulary of OpenStack is at the bottom (`service`, `microversion`, `catalog`, `state`,
//! `error`), then the calls (`auth`, `paging`, `client`, `listing`), then the kinds (`document`, `descriptor`,
//! `kinds/KIND.rs` and their table `kind`), then the commands (`actions`), and `session` on top.
#![doc = ""]
#![doc = include_str!("../docs.md")]
#![warn(missing_docs)]

mod actions;
mod auth;
mod catalog;
mod client;
mod config;
mod descriptor;
#[cfg(test)]
mod docs_test;
mod document;
mod error;
#[cfg(test)]
mod fixtures;
mod kind;
mod kinds;
mod listing;
mod lookup;
mod microversion;
mod paging;
mod related;
mod service;
mod session;
mod state;

use std::sync::Arc;

use gateway_core::access::credential::Credential;
use gateway_core::driver::{Capability, CloudSpec, Driver, Session, SessionContext};
use gateway_core::error::Result;

use crate::session::OpenStackSession;

/// OpenStack as a type of cloud.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenStack;

static CAPABILITY: Capability = Capability {
    kinds: &kind::KINDS,
    verbs: &kind::COMMANDS,
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
        driver_kit::AddressGate::new(cloud)?.check(&config::keystone_url(&cloud.endpoint)?)
    }

    fn open(
        &self,
        cloud: Arc<CloudSpec>,
        credential: Credential,
        context: SessionContext,
    ) -> Result<Arc<dyn Session>> {
        Ok(Arc::new(OpenStackSession::new(cloud, credential, context)?))
    }
}
