//! What is done to security groups and their rules.

use gateway_core::Result;
use gateway_core::kind::{CreateSecurityGroup, CreateSecurityGroupRule, Direction};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

use super::body::Body;

pub(super) fn body(body: Body<'_>, command: &CreateSecurityGroup) -> Map<String, Value> {
    body.words(&command.name, command.description.as_deref(), &command.tags).end()
}

pub(super) fn rule_body(body: Body<'_>, command: &CreateSecurityGroupRule) -> Result<Map<String, Value>> {
    let ports =
        command.first_port.map(|first| json!({ "from": first, "to": command.last_port.unwrap_or(first) }));
    let icmp = command.icmp_type.map(|kind| json!({ "type": kind, "code": command.icmp_code }));
    let way = match command.direction {
        Direction::Ingress => "in",
        Direction::Egress => "out",
    };
    let family = if command.ip_version == Some(6) { "inet6" } else { "inet" };
    let body = body
        .words("", command.description.as_deref(), &BTreeMap::new())
        .naming("firewall", Some(command.security_group))?
        .with("way", Some(way))
        .with("family", Some(family))
        .with("proto", command.protocol.as_deref())
        .with("ports", ports)
        .with("icmp", icmp)
        .with("peer_range", command.remote_cidr.as_deref())
        .naming("peer_firewall", command.remote_security_group)?;
    Ok(body.end())
}
