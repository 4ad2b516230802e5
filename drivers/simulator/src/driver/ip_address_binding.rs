use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::{Canonical, Instance, IpAddress, IpAddressBinding, NetworkInterface};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, Context, read};

#[derive(Deserialize)]
struct Wire {
    address: String,
    ip: String,
    plug: String,
    machine: Option<String>,
    inside: String,
}

pub(super) fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = IpAddressBinding {
        address: context.reference(IpAddress::KIND, &wire.address, None),
        ip_address: wire.ip,
        network_interface: Some(context.reference(NetworkInterface::KIND, &wire.plug, None)),
        instance: wire.machine.map(|machine| context.reference(Instance::KIND, &machine, None)),
        private_ip_address: Some(wire.inside),
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
