#![doc = include_str!("../docs.md")]
#![warn(missing_docs)]

mod account;
mod actions;
mod association;
mod auth;
mod client;
mod config;
mod descriptor;
mod error;
#[cfg(test)]
mod fixtures;
mod form;
mod kind;
mod kinds;
mod list_call;
mod origin;
mod paging;
mod session;
mod signature;
mod sizes;
mod state;
mod tags;
mod xml;

#[cfg(test)]
mod docs_test;
#[cfg(test)]
mod mapping_test;

use std::sync::Arc;

use gateway_core::Result;
use gateway_core::access::credential::Credential;
use gateway_core::driver::{Capability, CloudSpec, Driver, Session, SessionContext};

use crate::client::Client;
use crate::config::{Endpoints, Options, Service};
use crate::session::Ec2Session;

/// The driver for EC2 and clouds with its Query API.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ec2;

static CAPABILITY: Capability =
    Capability { kinds: &kind::CAPABILITIES, verbs: &kind::VERBS, credentials: &["access_key"] };

impl Driver for Ec2 {
    fn name(&self) -> &'static str {
        "ec2"
    }

    fn capability(&self) -> &'static Capability {
        &CAPABILITY
    }

    fn validate(&self, cloud: &CloudSpec) -> Result<()> {
        let endpoints = Endpoints::read(cloud, &Options::read(cloud)?)?;
        cloud.regions.iter().try_for_each(|region| endpoints.url(Service::Ec2, region.as_str()).map(drop))
    }

    fn open(
        &self,
        cloud: Arc<CloudSpec>,
        credential: Credential,
        context: SessionContext,
    ) -> Result<Arc<dyn Session>> {
        let key = auth::access_key(credential)?;
        let options = Options::read(&cloud)?;
        let client = Client::new(&cloud, &options, key, context)?;
        Ok(Arc::new(Ec2Session::new(cloud, options, client)))
    }
}
