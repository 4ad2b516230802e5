//! The simulated cloud, and the driver for it.
//!
//! Imports go one way. `cloud` is a server of its own and shares nothing with the driver. In the driver, `state`,
//! `error` and `config` are at the bottom, then the calls (`auth`, `client`), then the kinds (`document`, `descriptor`,
//! `kinds/KIND.rs` and their table `kind`), then the commands (`actions`), and `session` on top.
#![doc = ""]
#![doc = include_str!("../docs.md")]
#![warn(missing_docs)]

mod actions;
mod auth;
mod client;
pub mod cloud;
mod config;
mod descriptor;
#[cfg(test)]
mod docs_test;
mod document;
mod error;
mod kind;
mod kinds;
mod session;
mod state;

use std::sync::Arc;

use gateway_core::access::credential::Credential;
use gateway_core::driver::{Capability, CloudSpec, Driver, Session, SessionContext};
use gateway_core::{Error, Kind, Result};

pub use cloud::{RunningSimulator, Simulator, SimulatorOptions};
use session::SimulatorSession;

/// The driver named `simulator`.
#[derive(Debug, Default, Clone, Copy)]
pub struct SimulatorDriver;

impl Driver for SimulatorDriver {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn capability(&self) -> &'static Capability {
        &kind::CAPABILITY
    }

    fn validate(&self, cloud: &CloudSpec) -> Result<()> {
        config::check(cloud)
    }

    fn open(
        &self,
        cloud: Arc<CloudSpec>,
        credential: Credential,
        context: SessionContext,
    ) -> Result<Arc<dyn Session>> {
        let Credential::AccessKey { access_key_id, secret_access_key, session_token: None } = credential
        else {
            return Err(Error::invalid("a simulated cloud requires an access_key without session_token"));
        };
        let endpoint = config::endpoint(&cloud)?;
        Ok(Arc::new(SimulatorSession::new(cloud, endpoint, access_key_id, secret_access_key, context)?))
    }
}

/// Returns the canonical state of a status of the cloud, for tests that compare events with the cloud's journal;
/// `None` for a kind without states.
pub fn canonical_state(kind: Kind, status: &str) -> Option<&'static str> {
    let table = state::table(kind)?;
    let known = table.iter().find(|(word, _)| *word == status);
    Some(known.map_or("unknown", |(_, state)| state))
}
