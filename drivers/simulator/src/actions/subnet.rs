//! Commands of subnets.

use gateway_core::Result;
use gateway_core::kind::CreateSubnet;
use serde_json::{Map, Value, json};

use super::body::Body;

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateSubnet) -> Result<Map<String, Value>> {
    let resolvers = (!command.dns_servers.is_empty()).then(|| json!(command.dns_servers));
    let body = body
        .metadata(&command.name, command.description.as_deref(), &command.tags)
        .with_id("network", Some(command.network))?
        .with("range", Some(command.cidr.as_str()))
        .with("gateway", command.gateway_ip_address.as_deref())
        .with("dhcp", command.dhcp)
        .with("resolvers", resolvers);
    Ok(body.finish())
}
