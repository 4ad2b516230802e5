//! What is done to security groups and their rules.

use gateway_core::Result;
use gateway_core::kinds::Direction;
use gateway_core::order::{CreateSecurityGroup, CreateSecurityGroupRule};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

use super::body::Body;

pub(super) fn body(body: Body<'_>, order: &CreateSecurityGroup) -> Map<String, Value> {
    body.words(&order.name, order.description.as_deref(), &order.tags).end()
}

pub(super) fn rule_body(body: Body<'_>, order: &CreateSecurityGroupRule) -> Result<Map<String, Value>> {
    let ports =
        order.first_port.map(|first| json!({ "from": first, "to": order.last_port.unwrap_or(first) }));
    let icmp = order.icmp_type.map(|kind| json!({ "type": kind, "code": order.icmp_code }));
    let way = match order.direction {
        Direction::Ingress => "in",
        Direction::Egress => "out",
    };
    let family = if order.ip_version == Some(6) { "inet6" } else { "inet" };
    let body = body
        .words("", order.description.as_deref(), &BTreeMap::new())
        .naming("firewall", Some(order.security_group))?
        .with("way", Some(way))
        .with("family", Some(family))
        .with("proto", order.protocol.as_deref())
        .with("ports", ports)
        .with("icmp", icmp)
        .with("peer_range", order.remote_cidr.as_deref())
        .naming("peer_firewall", order.remote_security_group)?;
    Ok(body.end())
}
