use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::{Canonical, Instance, IpAddress, IpAddressState, Network, NetworkInterface, Router};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, Context, read};
use super::state;

#[derive(Deserialize)]
struct Wire {
    about: String,
    ip: String,
    network: Option<String>,
    plug: Option<String>,
    machine: Option<String>,
    inside: Option<String>,
    router: Option<String>,
    called: Option<String>,
}

pub(super) fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let reference = |kind, id: Option<String>| id.map(|id| context.reference(kind, &id, None));
    let fields = IpAddress {
        description: Some(wire.about),
        ip_address: wire.ip,
        network: reference(Network::KIND, wire.network),
        network_interface: reference(NetworkInterface::KIND, wire.plug),
        instance: reference(Instance::KIND, wire.machine),
        private_ip_address: wire.inside,
        router: reference(Router::KIND, wire.router),
        dns_name: wire.called,
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::IP_ADDRESS, &common.status, IpAddressState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
