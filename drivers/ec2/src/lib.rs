//! The driver for EC2 and clouds with its Query API. `docs.md` beside this crate's `src` says what it can do.

#![warn(missing_docs)]

mod account;
mod act;
mod api;
mod failure;
mod form;
mod kinds;
mod listing;
mod options;
mod part;
mod position;
mod session;
mod signature;
mod sizes;
#[cfg(test)]
mod testing;
mod xml;

#[cfg(test)]
mod docs_test;

use std::sync::Arc;

use gateway_core::Result;
use gateway_core::access::credential::Credential;
use gateway_core::driver::{Capability, CloudSpec, Driver, KindCapability, Session, SessionContext};

use crate::api::Api;
use crate::options::{Endpoints, Options};
use crate::session::Ec2Session;
use crate::signature::AccessKey;

/// The translation for EC2.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ec2;

static KINDS: [KindCapability; kinds::ALL.len()] = kinds::capabilities();

static CAPABILITY: Capability = Capability { kinds: &KINDS, verbs: act::VERBS, credentials: &["access_key"] };

impl Driver for Ec2 {
    fn name(&self) -> &'static str {
        "ec2"
    }

    fn capability(&self) -> &'static Capability {
        &CAPABILITY
    }

    fn validate(&self, cloud: &CloudSpec) -> Result<()> {
        let endpoints = Endpoints::read(cloud, &Options::read(cloud)?)?;
        cloud
            .regions
            .iter()
            .try_for_each(|region| endpoints.url(options::Service::Ec2, region.as_str()).map(drop))
    }

    fn open(
        &self,
        cloud: Arc<CloudSpec>,
        credential: Credential,
        link: SessionContext,
    ) -> Result<Arc<dyn Session>> {
        let key = AccessKey::from_credential(credential)?;
        let options = Options::read(&cloud)?;
        let api = Api::new(&cloud, &options, key, link)?;
        Ok(Arc::new(Ec2Session::new(cloud, options, api)))
    }
}
