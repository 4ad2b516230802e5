//! The members of every create.

use gateway_core::Result;
use gateway_core::driver::Step;
use gateway_core::kind::Command;
use serde_json::{Map, Value};

use super::body::Body;
use super::{
    image, instance, ip_address, ip_address_binding, network, network_interface, router, security_group,
    security_group_rule, ssh_key, subnet, volume, volume_snapshot,
};

/// Returns the members that the gateway sets in a create; empty for other commands.
pub(crate) fn members(step: &Step<'_>) -> Result<Map<String, Value>> {
    let body = Body::new(step);
    match step.command {
        Command::CreateInstance(command) => instance::body(body, command),
        Command::CreateVolume(command) => volume::body(body, command),
        Command::CreateVolumeSnapshot(command) => volume_snapshot::body(body, command),
        Command::CreateImage(command) => Ok(image::body(body, command)),
        Command::CreateNetwork(command) => Ok(network::body(body, command)),
        Command::CreateSubnet(command) => subnet::body(body, command),
        Command::CreateNetworkInterface(command) => network_interface::body(body, command),
        Command::CreateRouter(command) => router::body(body, command),
        Command::CreateIpAddress(command) => ip_address::body(body, command),
        Command::CreateIpAddressBinding(command) => ip_address_binding::body(body, command),
        Command::CreateSecurityGroup(command) => Ok(security_group::body(body, command)),
        Command::CreateSecurityGroupRule(command) => security_group_rule::body(body, command),
        Command::CreateSshKey(command) => Ok(ssh_key::body(body, command)),
        _ => Ok(Map::new()),
    }
}
