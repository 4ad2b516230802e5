//! The driver: this cloud's words and pages, translated.

mod api;
mod document;
mod image;
mod instance;
mod instance_type;
mod session;
mod volume;

use std::sync::Arc;

use gateway_core::credential::Credential;
use gateway_core::driver::{Capability, CloudSpec, Driver, KindCapability, Link, Session};
use gateway_core::kind::{Canonical, State};
use gateway_core::kinds::{Image, Instance, InstanceType, Volume};
use gateway_core::{Error, Kind, Result};
use url::Url;

use session::SimulatorSession;

/// The driver named `simulator`.
#[derive(Debug, Default, Clone, Copy)]
pub struct SimulatorDriver;

static CAPABILITY: Capability = Capability {
    kinds: &[
        KindCapability { kind: Instance::KIND, published: false, own: true, get: true, says_state: true },
        KindCapability {
            kind: InstanceType::KIND,
            published: true,
            own: false,
            get: true,
            says_state: false,
        },
        KindCapability { kind: Image::KIND, published: true, own: true, get: true, says_state: true },
        KindCapability { kind: Volume::KIND, published: false, own: true, get: true, says_state: true },
    ],
    credentials: &["access_key"],
};

impl Driver for SimulatorDriver {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn capability(&self) -> &'static Capability {
        &CAPABILITY
    }

    fn validate(&self, cloud: &CloudSpec) -> Result<()> {
        endpoint(cloud)?;
        match cloud.options.keys().next() {
            Some(option) => Err(Error::invalid(format!("the simulator driver has no option {option:?}"))),
            None => Ok(()),
        }
    }

    fn open(&self, cloud: Arc<CloudSpec>, credential: Credential, link: Link) -> Result<Arc<dyn Session>> {
        let Credential::AccessKey { access_key_id, secret_access_key, session_token: None } = credential
        else {
            return Err(Error::invalid("a simulated cloud takes an access_key without session_token"));
        };
        let endpoint = endpoint(&cloud)?;
        Ok(Arc::new(SimulatorSession::new(cloud, endpoint, access_key_id, secret_access_key, link)?))
    }
}

fn endpoint(cloud: &CloudSpec) -> Result<Url> {
    let wrong = || Error::invalid("the endpoint of a simulated cloud is a URL such as http://127.0.0.1:9700");
    let url = Url::parse(&cloud.endpoint).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong());
    }
    Ok(url)
}

/// The canonical state that the driver makes of a status of the cloud; for tests that compare event
/// sequences with the cloud's journal. `None` for a kind without states.
pub fn canonical_state(kind: Kind, status: &str) -> Option<&'static str> {
    match kind {
        Instance::KIND => Some(instance::state(status).name()),
        Image::KIND => Some(image::state(status).name()),
        Volume::KIND => Some(volume::state(status).name()),
        _ => None,
    }
}
