//! A rule of a security group in Neutron's words.

use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::order::CreateSecurityGroupRule;
use serde_json::{Map, Value, json};

use super::form::object;

/// What a rule lets through, without its description.
pub(super) fn of<'a>(
    order: &CreateSecurityGroupRule,
    id: impl Fn(ResourceId) -> Result<&'a str>,
) -> Result<Map<String, Value>> {
    let mut own = object([
        ("security_group_id", json!(id(order.security_group)?)),
        ("direction", json!(order.direction)),
        ("ethertype", json!(if order.ip_version == Some(6) { "IPv6" } else { "IPv4" })),
    ]);
    // Neutron has the type and the code of ICMP where other protocols have their first and last port.
    let first = order.icmp_type.map(u16::from).or(order.first_port);
    let last = order.icmp_code.map(u16::from).or(order.last_port.or(order.first_port));
    let mut tell = |name: &str, value: Option<Value>| {
        own.extend(value.map(|value| (name.to_owned(), value)));
    };
    tell("protocol", order.protocol.as_ref().map(|protocol| json!(protocol)));
    tell("port_range_min", first.map(Value::from));
    tell("port_range_max", last.map(Value::from));
    tell("remote_ip_prefix", order.remote_cidr.as_ref().map(|cidr| json!(cidr)));
    if let Some(group) = order.remote_security_group {
        tell("remote_group_id", Some(json!(id(group)?)));
    }
    Ok(own)
}
