//! Network interfaces of instances and routers.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{InterfaceAddress, NetworkInterface, NetworkInterfaceState};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, METADATA_COMMANDS};
use crate::document::{Common, Context, read};
use crate::state;

/// Network interfaces of instances and routers.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    says_state: true,
    commands: METADATA_COMMANDS,
    ..Descriptor::new(Kind::NetworkInterface, observe)
};

#[derive(Deserialize)]
struct Wire {
    description: String,
    network: String,
    addresses: Vec<WireAddress>,
    mac: String,
    enabled: bool,
    holder: WireHolder,
    slot: Option<u32>,
    firewalls: Vec<WireFirewall>,
    filtered: bool,
    delete_with_holder: bool,
    zone: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct WireAddress {
    ip: String,
    subnet: String,
}

#[derive(Deserialize)]
struct WireHolder {
    kind: String,
    id: Option<String>,
}

/// A security group in the document of a resource to which it applies.
#[derive(Deserialize)]
pub(crate) struct WireFirewall {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl WireAddress {
    pub(crate) fn canonical(self, context: &Context<'_>) -> InterfaceAddress {
        let subnet = Some(context.reference(Kind::Subnet, &self.subnet, None));
        InterfaceAddress { ip_address: self.ip, subnet }
    }
}

fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let holder = |word: &str, kind| {
        let id = wire.holder.id.as_deref().filter(|_| wire.holder.kind == word);
        id.map(|id| context.reference(kind, id, None))
    };
    let firewalls = wire.firewalls.iter();
    let fields = NetworkInterface {
        description: Some(wire.description),
        network: context.reference(Kind::Network, &wire.network, None),
        addresses: wire.addresses.into_iter().map(|address| address.canonical(context)).collect(),
        mac_address: Some(wire.mac),
        enabled: Some(wire.enabled),
        instance: holder("machine", Kind::Instance),
        router: holder("router", Kind::Router),
        device_index: wire.slot,
        security_groups: firewalls
            .map(|firewall| context.reference(Kind::SecurityGroup, &firewall.id, Some(&firewall.name)))
            .collect(),
        port_security: Some(wire.filtered),
        delete_on_termination: Some(wire.delete_with_holder),
        datacenter: wire.zone,
        device_owner: Some(wire.holder.kind).filter(|kind| kind != "none"),
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::NETWORK_INTERFACE, &common.status, NetworkInterfaceState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
