//! The body of a create: a command in Neutron's terms.

use std::collections::BTreeMap;

use gateway_core::driver::Step;
use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::kind::{Command, CreateNetworkInterface, CreateSubnet};
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};

use super::security_group_rule;
use crate::actions::cloud_options;

/// The body of one create.
#[derive(Debug)]
pub(super) struct CreateBody<'a> {
    /// The members that the command gives, besides description and tags.
    pub(super) members: Map<String, Value>,
    description: Option<&'a str>,
    /// The keys of its tags.
    pub(super) tags: Vec<&'a str>,
    options: Option<&'a Map<String, Value>>,
}

impl<'a> CreateBody<'a> {
    /// Returns the body for a command that creates a resource with a document of its own.
    pub(super) fn of(step: &Step<'a>) -> Result<Self> {
        let id = |id: ResourceId| step.named.get(id).map(|known| known.external_id.as_str());
        let (members, description, tags, options) = match step.command {
            Command::CreateNetwork(command) => (
                object([("name", json!(command.name))]),
                &command.description,
                Some(&command.tags),
                Some(&command.cloud_options),
            ),
            Command::CreateSubnet(command) => (
                subnet(command, id(command.network)?),
                &command.description,
                Some(&command.tags),
                Some(&command.cloud_options),
            ),
            Command::CreateRouter(command) => {
                let network = command.external_network.map(id).transpose()?;
                let mut members = object([("name", json!(command.name))]);
                members.extend(
                    network.map(|id| ("external_gateway_info".to_owned(), json!({ "network_id": id }))),
                );
                (members, &command.description, Some(&command.tags), Some(&command.cloud_options))
            }
            Command::CreateNetworkInterface(command) => {
                (port(command, id)?, &command.description, Some(&command.tags), Some(&command.cloud_options))
            }
            Command::CreateIpAddress(command) => {
                let network = command.network.map(id).transpose()?;
                let members = network.map(|id| ("floating_network_id".to_owned(), json!(id)));
                let members = members.into_iter().collect();
                (members, &command.description, Some(&command.tags), Some(&command.cloud_options))
            }
            Command::CreateSecurityGroup(command) => (
                object([("name", json!(command.name))]),
                &command.description,
                Some(&command.tags),
                Some(&command.cloud_options),
            ),
            Command::CreateSecurityGroupRule(command) => {
                (security_group_rule::members(command, id)?, &command.description, None, None)
            }
            _ => return Err(step.unsupported()),
        };
        let tags = tags.into_iter().flat_map(BTreeMap::keys).map(String::as_str).collect();
        Ok(Self { members, description: description.as_deref(), tags, options })
    }

    /// Returns the description with the marker.
    pub(super) fn description(&self, marker: Marker) -> String {
        marker.append_to(self.description)
    }

    /// Returns the whole body.
    pub(super) fn document(&self, marker: Marker) -> Value {
        let mut document = self.members.clone();
        document.insert("description".to_owned(), json!(self.description(marker)));
        if let Some(options) = self.options {
            cloud_options::merge(&mut document, options);
        }
        Value::Object(document)
    }
}

/// Returns an object with these members.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn subnet(command: &CreateSubnet, network: &str) -> Map<String, Value> {
    let mut members = object([
        ("name", json!(command.name)),
        ("network_id", json!(network)),
        ("cidr", json!(command.cidr)),
        ("ip_version", json!(if command.cidr.contains(':') { 6 } else { 4 })),
    ]);
    if let Some(gateway) = &command.gateway_ip_address {
        members.insert("gateway_ip".to_owned(), json!(gateway));
    }
    if let Some(dhcp) = command.dhcp {
        members.insert("enable_dhcp".to_owned(), json!(dhcp));
    }
    if !command.dns_servers.is_empty() {
        members.insert("dns_nameservers".to_owned(), json!(command.dns_servers));
    }
    members
}

fn port<'a>(
    command: &CreateNetworkInterface,
    id: impl Fn(ResourceId) -> Result<&'a str>,
) -> Result<Map<String, Value>> {
    let mut members = object([("name", json!(command.name)), ("network_id", json!(id(command.network)?))]);
    let mut addresses = Vec::new();
    for fixed in &command.addresses {
        let mut address = object([("subnet_id", json!(id(fixed.subnet)?))]);
        if let Some(ip_address) = &fixed.ip_address {
            address.insert("ip_address".to_owned(), json!(ip_address));
        }
        addresses.push(Value::Object(address));
    }
    if !addresses.is_empty() {
        members.insert("fixed_ips".to_owned(), addresses.into());
    }
    if let Some(groups) = &command.security_groups {
        let groups = groups.iter().map(|group| id(*group)).collect::<Result<Vec<_>>>()?;
        members.insert("security_groups".to_owned(), json!(groups));
    }
    Ok(members)
}
