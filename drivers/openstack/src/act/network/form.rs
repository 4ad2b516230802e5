//! What Neutron is told to make: an order in its own words.

use std::collections::BTreeMap;

use gateway_core::driver::Step;
use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::marker::Marker;
use gateway_core::order::{CreateNetworkInterface, CreateSubnet, Order};
use serde_json::{Map, Value, json};

use super::rule;
use crate::options;

/// One thing to be made.
#[derive(Debug, Default)]
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
        let ids = |ids: &[ResourceId]| ids.iter().map(|one| id(*one)).collect::<Result<Vec<_>>>();
        let tags = |tags: &'a BTreeMap<String, String>| tags.keys().map(String::as_str).collect();
        Ok(match step.order {
            Order::CreateNetwork(order) => Self {
                own: object([("name", json!(order.name))]),
                description: order.description.as_deref(),
                tags: tags(&order.tags),
                options: Some(&order.cloud_options),
            },
            Order::CreateSubnet(order) => Self {
                own: subnet(order, id(order.network)?),
                description: order.description.as_deref(),
                tags: tags(&order.tags),
                options: Some(&order.cloud_options),
            },
            Order::CreateRouter(order) => {
                let mut own = object([("name", json!(order.name))]);
                if let Some(outside) = order.external_network {
                    own.insert("external_gateway_info".to_owned(), json!({ "network_id": id(outside)? }));
                }
                Self {
                    own,
                    description: order.description.as_deref(),
                    tags: tags(&order.tags),
                    options: Some(&order.cloud_options),
                }
            }
            Order::CreateNetworkInterface(order) => Self {
                own: port(order, id, ids)?,
                description: order.description.as_deref(),
                tags: tags(&order.tags),
                options: Some(&order.cloud_options),
            },
            Order::CreateIpAddress(order) => Self {
                own: match order.network {
                    Some(network) => object([("floating_network_id", json!(id(network)?))]),
                    None => Map::new(),
                },
                description: order.description.as_deref(),
                tags: tags(&order.tags),
                options: Some(&order.cloud_options),
            },
            Order::CreateSecurityGroup(order) => Self {
                own: object([("name", json!(order.name))]),
                description: order.description.as_deref(),
                tags: tags(&order.tags),
                options: Some(&order.cloud_options),
            },
            Order::CreateSecurityGroupRule(order) => Self {
                own: rule::of(order, id)?,
                description: order.description.as_deref(),
                ..Self::default()
            },
            _ => return Err(step.unsupported()),
        })
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

fn subnet(order: &CreateSubnet, network: &str) -> Map<String, Value> {
    let mut own = object([
        ("name", json!(order.name)),
        ("network_id", json!(network)),
        ("cidr", json!(order.cidr)),
        ("ip_version", json!(if order.cidr.contains(':') { 6 } else { 4 })),
    ]);
    if let Some(gateway) = &order.gateway_ip_address {
        own.insert("gateway_ip".to_owned(), json!(gateway));
    }
    if let Some(dhcp) = order.dhcp {
        own.insert("enable_dhcp".to_owned(), json!(dhcp));
    }
    if !order.dns_servers.is_empty() {
        own.insert("dns_nameservers".to_owned(), json!(order.dns_servers));
    }
    own
}

fn port<'a>(
    order: &CreateNetworkInterface,
    id: impl Fn(ResourceId) -> Result<&'a str>,
    ids: impl Fn(&[ResourceId]) -> Result<Vec<&'a str>>,
) -> Result<Map<String, Value>> {
    let mut own = object([("name", json!(order.name)), ("network_id", json!(id(order.network)?))]);
    let mut addresses = Vec::new();
    for place in &order.addresses {
        let mut address = object([("subnet_id", json!(id(place.subnet)?))]);
        if let Some(chosen) = &place.ip_address {
            address.insert("ip_address".to_owned(), json!(chosen));
        }
        addresses.push(Value::Object(address));
    }
    if !addresses.is_empty() {
        own.insert("fixed_ips".to_owned(), addresses.into());
    }
    if let Some(groups) = &order.security_groups {
        own.insert("security_groups".to_owned(), json!(ids(groups)?));
    }
    Ok(own)
}
