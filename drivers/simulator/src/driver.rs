//! The driver: this cloud's words and pages, translated.

mod act;
mod api;
mod datacenter;
#[cfg(test)]
mod docs_test;
mod document;
mod image;
mod instance;
mod instance_type;
mod ip_address;
mod ip_address_binding;
#[cfg(test)]
mod mapping_test;
mod network;
mod network_interface;
mod quota;
mod router;
mod security_group;
mod security_group_rule;
mod session;
mod ssh_key;
mod state;
mod subnet;
mod verbs;
mod volume;
mod volume_attachment;
mod volume_snapshot;
mod volume_type;

use std::sync::Arc;

use gateway_core::access::credential::Credential;
use gateway_core::driver::{Capability, CloudSpec, Driver, KindCapability, Session, SessionContext};
use gateway_core::kind::{
    Canonical, Datacenter, Image, Instance, InstanceType, IpAddress, IpAddressBinding, Network,
    NetworkInterface, Quota, Router, SecurityGroup, SecurityGroupRule, SshKey, Subnet, Volume,
    VolumeAttachment, VolumeSnapshot, VolumeType,
};
use gateway_core::{Error, Kind, Result};
use url::Url;

use session::SimulatorSession;

/// The driver named `simulator`.
#[derive(Debug, Default, Clone, Copy)]
pub struct SimulatorDriver;

/// What accounts have.
const fn own(kind: Kind, says_state: bool) -> KindCapability {
    KindCapability { kind, published: false, own: true, get: true, says_state }
}

/// What the cloud publishes.
const fn published(kind: Kind, says_state: bool) -> KindCapability {
    KindCapability { kind, published: true, own: false, get: true, says_state }
}

/// What is both.
const fn both(kind: Kind, says_state: bool) -> KindCapability {
    KindCapability { kind, published: true, own: true, get: true, says_state }
}

static CAPABILITY: Capability = Capability {
    kinds: &[
        own(Instance::KIND, true),
        published(InstanceType::KIND, false),
        both(Image::KIND, true),
        own(Volume::KIND, true),
        published(VolumeType::KIND, false),
        own(VolumeSnapshot::KIND, true),
        own(VolumeAttachment::KIND, true),
        both(Network::KIND, true),
        both(Subnet::KIND, false),
        own(NetworkInterface::KIND, true),
        own(Router::KIND, true),
        own(IpAddress::KIND, true),
        own(IpAddressBinding::KIND, false),
        own(SecurityGroup::KIND, false),
        own(SecurityGroupRule::KIND, false),
        own(SshKey::KIND, false),
        published(Datacenter::KIND, true),
        own(Quota::KIND, false),
    ],
    verbs: verbs::VERBS,
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

    fn open(
        &self,
        cloud: Arc<CloudSpec>,
        credential: Credential,
        link: SessionContext,
    ) -> Result<Arc<dyn Session>> {
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
    let table = state::table(kind)?;
    let known = table.iter().find(|(word, _)| *word == status);
    Some(known.map_or("unknown", |(_, state)| state))
}
