//! A rule of a security group in Neutron's words.

use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::kind::CreateSecurityGroupRule;
use serde_json::{Map, Value, json};

use super::form::object;

/// What a rule lets through, without its description.
pub(super) fn of<'a>(
    command: &CreateSecurityGroupRule,
    id: impl Fn(ResourceId) -> Result<&'a str>,
) -> Result<Map<String, Value>> {
    let mut own = object([
        ("security_group_id", json!(id(command.security_group)?)),
        ("direction", json!(command.direction)),
        ("ethertype", json!(if command.ip_version == Some(6) { "IPv6" } else { "IPv4" })),
    ]);
    // Neutron has the type and the code of ICMP where other protocols have their first and last port.
    let first = command.icmp_type.map(u16::from).or(command.first_port);
    let last = command.icmp_code.map(u16::from).or(command.last_port.or(command.first_port));
    let mut tell = |name: &str, value: Option<Value>| {
        own.extend(value.map(|value| (name.to_owned(), value)));
    };
    tell("protocol", command.protocol.as_ref().map(|protocol| json!(protocol)));
    tell("port_range_min", first.map(Value::from));
    tell("port_range_max", last.map(Value::from));
    tell("remote_ip_prefix", command.remote_cidr.as_ref().map(|cidr| json!(cidr)));
    if let Some(group) = command.remote_security_group {
        tell("remote_group_id", Some(json!(id(group)?)));
    }
    Ok(own)
}
