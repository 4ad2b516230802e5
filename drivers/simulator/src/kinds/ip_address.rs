//! Public addresses.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{IpAddress, IpAddressState};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, METADATA_COMMANDS};
use crate::document::{Common, Context, read};
use crate::state;

/// Public addresses.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    says_state: true,
    commands: METADATA_COMMANDS,
    ..Descriptor::new(Kind::IpAddress, observe)
};

#[derive(Deserialize)]
struct Wire {
    description: String,
    ip: String,
    network: Option<String>,
    nic: Option<String>,
    machine: Option<String>,
    private_ip: Option<String>,
    router: Option<String>,
    hostname: Option<String>,
}

fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let reference = |kind, id: Option<String>| id.map(|id| context.reference(kind, &id, None));
    let fields = IpAddress {
        description: Some(wire.description),
        ip_address: wire.ip,
        network: reference(Kind::Network, wire.network),
        network_interface: reference(Kind::NetworkInterface, wire.nic),
        instance: reference(Kind::Instance, wire.machine),
        private_ip_address: wire.private_ip,
        router: reference(Kind::Router, wire.router),
        dns_name: wire.hostname,
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::IP_ADDRESS, &common.status, IpAddressState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
