//! Bindings of public addresses to interfaces.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{IpAddressBinding, Verb, VerbSupport};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read};

/// Bindings of public addresses to interfaces.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    commands: &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)],
    ..Descriptor::new(Kind::IpAddressBinding, observe)
};

#[derive(Deserialize)]
struct Wire {
    address: String,
    ip: String,
    nic: String,
    machine: Option<String>,
    private_ip: String,
}

fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = IpAddressBinding {
        address: context.reference(Kind::IpAddress, &wire.address, None),
        ip_address: wire.ip,
        network_interface: Some(context.reference(Kind::NetworkInterface, &wire.nic, None)),
        instance: wire.machine.map(|machine| context.reference(Kind::Instance, &machine, None)),
        private_ip_address: Some(wire.private_ip),
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
