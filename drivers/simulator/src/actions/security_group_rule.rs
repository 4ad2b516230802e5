//! Commands of the rules of security groups.

use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::kind::{CreateSecurityGroupRule, Direction};
use serde_json::{Map, Value, json};

use super::body::Body;

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateSecurityGroupRule) -> Result<Map<String, Value>> {
    let ports =
        command.first_port.map(|first| json!({ "from": first, "to": command.last_port.unwrap_or(first) }));
    let icmp = command.icmp_type.map(|kind| json!({ "type": kind, "code": command.icmp_code }));
    let direction = match command.direction {
        Direction::Ingress => "in",
        Direction::Egress => "out",
    };
    let family = if command.ip_version == Some(6) { "inet6" } else { "inet" };
    let body = body
        .metadata("", command.description.as_deref(), &BTreeMap::new())
        .with_id("firewall", Some(command.security_group))?
        .with("direction", Some(direction))
        .with("family", Some(family))
        .with("proto", command.protocol.as_deref())
        .with("ports", ports)
        .with("icmp", icmp)
        .with("peer_range", command.remote_cidr.as_deref())
        .with_id("peer_firewall", command.remote_security_group)?;
    Ok(body.finish())
}
