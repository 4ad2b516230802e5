//! What Neutron is told to make: an order in its own words.

use std::collections::BTreeMap;

use gateway_core::driver::Step;
use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::kind::{Command, CreateNetworkInterface, CreateSubnet};
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};

use super::rule;
use crate::options;

/// One thing to be made.
#[derive(Debug)]
pub(super) struct Form<'a> {
    /// What the order says of it, besides its description and tags.
    pub(super) own: Map<String, Value>,
    description: Option<&'a str>,
    /// The words that it is tagged with.
    pub(super) tags: Vec<&'a str>,
    options: Option<&'a Map<String, Value>>,
}

impl<'a> Form<'a> {
    /// Of an order that makes something which has a document of its own.
    pub(super) fn of(step: &Step<'a>) -> Result<Self> {
        let id = |id: ResourceId| step.named.get(id).map(|known| known.external_id.as_str());
        let (own, description, tags, options) = match step.command {
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
                let outside = command.external_network.map(id).transpose()?;
                let mut own = object([("name", json!(command.name))]);
                own.extend(
                    outside.map(|id| ("external_gateway_info".to_owned(), json!({ "network_id": id }))),
                );
                (own, &command.description, Some(&command.tags), Some(&command.cloud_options))
            }
            Command::CreateNetworkInterface(command) => {
                (port(command, id)?, &command.description, Some(&command.tags), Some(&command.cloud_options))
            }
            Command::CreateIpAddress(command) => {
                let outside = command.network.map(id).transpose()?;
                let own = outside.map(|id| ("floating_network_id".to_owned(), json!(id)));
                let own = own.into_iter().collect();
                (own, &command.description, Some(&command.tags), Some(&command.cloud_options))
            }
            Command::CreateSecurityGroup(command) => (
                object([("name", json!(command.name))]),
                &command.description,
                Some(&command.tags),
                Some(&command.cloud_options),
            ),
            Command::CreateSecurityGroupRule(command) => {
                (rule::of(command, id)?, &command.description, None, None)
            }
            _ => return Err(step.unsupported()),
        };
        let tags = tags.into_iter().flat_map(BTreeMap::keys).map(String::as_str).collect();
        Ok(Self { own, description: description.as_deref(), tags, options })
    }

    /// The description as Neutron keeps it.
    pub(super) fn description(&self, marker: Marker) -> String {
        marker.append_to(self.description)
    }

    /// All that Neutron is told in the call that makes it.
    pub(super) fn document(&self, marker: Marker) -> Value {
        let mut document = self.own.clone();
        document.insert("description".to_owned(), json!(self.description(marker)));
        if let Some(more) = self.options {
            options::merge(&mut document, more);
        }
        Value::Object(document)
    }
}

/// An object of members that are told whatever they are.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn subnet(command: &CreateSubnet, network: &str) -> Map<String, Value> {
    let mut own = object([
        ("name", json!(command.name)),
        ("network_id", json!(network)),
        ("cidr", json!(command.cidr)),
        ("ip_version", json!(if command.cidr.contains(':') { 6 } else { 4 })),
    ]);
    if let Some(gateway) = &command.gateway_ip_address {
        own.insert("gateway_ip".to_owned(), json!(gateway));
    }
    if let Some(dhcp) = command.dhcp {
        own.insert("enable_dhcp".to_owned(), json!(dhcp));
    }
    if !command.dns_servers.is_empty() {
        own.insert("dns_nameservers".to_owned(), json!(command.dns_servers));
    }
    own
}

fn port<'a>(
    command: &CreateNetworkInterface,
    id: impl Fn(ResourceId) -> Result<&'a str>,
) -> Result<Map<String, Value>> {
    let mut own = object([("name", json!(command.name)), ("network_id", json!(id(command.network)?))]);
    let mut addresses = Vec::new();
    for place in &command.addresses {
        let mut address = object([("subnet_id", json!(id(place.subnet)?))]);
        if let Some(chosen) = &place.ip_address {
            address.insert("ip_address".to_owned(), json!(chosen));
        }
        addresses.push(Value::Object(address));
    }
    if !addresses.is_empty() {
        own.insert("fixed_ips".to_owned(), addresses.into());
    }
    if let Some(groups) = &command.security_groups {
        let groups = groups.iter().map(|group| id(*group)).collect::<Result<Vec<_>>>()?;
        own.insert("security_groups".to_owned(), json!(groups));
    }
    Ok(own)
}
