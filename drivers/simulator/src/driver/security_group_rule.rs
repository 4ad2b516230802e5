use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::{Canonical, Direction, SecurityGroup, SecurityGroupRule};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, Context, ip_version, read, wrong};

#[derive(Deserialize)]
struct Wire {
    about: String,
    firewall: String,
    way: String,
    family: String,
    proto: String,
    ports: Option<WirePorts>,
    icmp: Option<WireIcmp>,
    peer_range: Option<String>,
    peer_firewall: Option<String>,
}

#[derive(Deserialize)]
struct WirePorts {
    from: u16,
    to: u16,
}

#[derive(Deserialize)]
struct WireIcmp {
    #[serde(rename = "type")]
    kind: u8,
    code: Option<u8>,
}

pub(super) fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let group = |id: &str| context.reference(SecurityGroup::KIND, id, None);
    let fields = SecurityGroupRule {
        description: Some(wire.about),
        security_group: group(&wire.firewall),
        // A rule turned round would be a lie about who is let in: a new word is an error.
        direction: match wire.way.as_str() {
            "in" => Direction::Ingress,
            "out" => Direction::Egress,
            other => return Err(wrong(format!("a rule goes {other:?}"))),
        },
        ip_version: Some(ip_version(&wire.family)?),
        protocol: Some(wire.proto).filter(|proto| proto != "any"),
        first_port: wire.ports.as_ref().map(|ports| ports.from),
        last_port: wire.ports.as_ref().map(|ports| ports.to),
        icmp_type: wire.icmp.as_ref().map(|icmp| icmp.kind),
        icmp_code: wire.icmp.as_ref().and_then(|icmp| icmp.code),
        remote_cidr: wire.peer_range,
        remote_security_group: wire.peer_firewall.as_deref().map(group),
        remote_address_list: None,
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
