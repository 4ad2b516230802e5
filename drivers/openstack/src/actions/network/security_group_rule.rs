//! The members of a security group rule in Neutron's terms.

use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::kind::CreateSecurityGroupRule;
use serde_json::{Map, Value, json};

/// Returns the members of a rule, without its description.
pub(super) fn members<'a>(
    command: &CreateSecurityGroupRule,
    id: impl Fn(ResourceId) -> Result<&'a str>,
) -> Result<Map<String, Value>> {
    let mut members = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        members.extend(value.map(|value| (name.to_owned(), value)));
    };
    set("security_group_id", Some(json!(id(command.security_group)?)));
    set("direction", Some(json!(command.direction)));
    set("ethertype", Some(json!(if command.ip_version == Some(6) { "IPv6" } else { "IPv4" })));
    // Neutron's port range holds the type and the code of ICMP.
    let first = command.icmp_type.map(u16::from).or(command.first_port);
    let last = command.icmp_code.map(u16::from).or(command.last_port.or(command.first_port));
    set("protocol", command.protocol.as_ref().map(|protocol| json!(protocol)));
    set("port_range_min", first.map(Value::from));
    set("port_range_max", last.map(Value::from));
    set("remote_ip_prefix", command.remote_cidr.as_ref().map(|cidr| json!(cidr)));
    if let Some(group) = command.remote_security_group {
        set("remote_group_id", Some(json!(id(group)?)));
    }
    Ok(members)
}
