//! Rules of security groups.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{Direction, SecurityGroupRule, Verb, VerbSupport};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, ip_version, read};
use crate::error::wrong_document;

/// Rules of security groups.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    commands: &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)],
    ..Descriptor::new(Kind::SecurityGroupRule, observe)
};

#[derive(Deserialize)]
struct Wire {
    description: String,
    firewall: String,
    direction: String,
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

fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let group = |id: &str| context.reference(Kind::SecurityGroup, id, None);
    let fields = SecurityGroupRule {
        description: Some(wire.description),
        security_group: group(&wire.firewall),
        // An unknown direction is an error: a guess could report an open port as closed.
        direction: match wire.direction.as_str() {
            "in" => Direction::Ingress,
            "out" => Direction::Egress,
            other => return Err(wrong_document(format!("`{other}` is not a direction"))),
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
