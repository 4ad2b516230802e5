use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::{
    Canonical, Instance, InterfaceAddress, Network, NetworkInterface, NetworkInterfaceState, Router,
    SecurityGroup, Subnet,
};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, Context, read};
use super::state;

#[derive(Deserialize)]
struct Wire {
    about: String,
    network: String,
    addresses: Vec<WireAddress>,
    hardware: String,
    on: bool,
    holder: WireHolder,
    slot: Option<u32>,
    firewalls: Vec<WireFirewall>,
    guarded: bool,
    goes_with_holder: bool,
    zone: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WireAddress {
    ip: String,
    subnet: String,
}

#[derive(Deserialize)]
struct WireHolder {
    kind: String,
    id: Option<String>,
}

/// A group, as what it applies to names it.
#[derive(Deserialize)]
pub(super) struct WireFirewall {
    pub(super) id: String,
    pub(super) name: String,
}

impl WireAddress {
    pub(super) fn canonical(self, context: &Context<'_>) -> InterfaceAddress {
        let subnet = Some(context.reference(Subnet::KIND, &self.subnet, None));
        InterfaceAddress { ip_address: self.ip, subnet }
    }
}

pub(super) fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let holder = |word: &str, kind| {
        let id = wire.holder.id.as_deref().filter(|_| wire.holder.kind == word);
        id.map(|id| context.reference(kind, id, None))
    };
    let firewalls = wire.firewalls.iter();
    let fields = NetworkInterface {
        description: Some(wire.about),
        network: context.reference(Network::KIND, &wire.network, None),
        addresses: wire.addresses.into_iter().map(|address| address.canonical(context)).collect(),
        mac_address: Some(wire.hardware),
        enabled: Some(wire.on),
        instance: holder("machine", Instance::KIND),
        router: holder("router", Router::KIND),
        device_index: wire.slot,
        security_groups: firewalls
            .map(|firewall| context.reference(SecurityGroup::KIND, &firewall.id, Some(&firewall.name)))
            .collect(),
        port_security: Some(wire.guarded),
        delete_on_termination: Some(wire.goes_with_holder),
        datacenter: wire.zone,
        device_owner: Some(wire.holder.kind).filter(|kind| kind != "nobody"),
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::NETWORK_INTERFACE, &common.status, NetworkInterfaceState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
