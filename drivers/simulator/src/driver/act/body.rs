//! The bodies of creates, and what in an order this cloud has no place for.

use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::driver::Step;
use gateway_core::id::ResourceId;
use gateway_core::marker::MARKER_KEY;
use gateway_core::order::{Fault, Order};
use serde_json::{Map, Value, json};

use super::{address, image, instance, key, network, router, security, volume};

/// A body being written.
pub(super) struct Body<'a> {
    step: &'a Step<'a>,
    members: Map<String, Value>,
}

/// The body of a create.
pub(super) fn of_create(step: &Step<'_>) -> Result<Map<String, Value>> {
    let mut members = own(step)?;
    members.extend(options(step.order).cloned().unwrap_or_default());
    Ok(members)
}

pub(super) fn faults(step: &Step<'_>) -> Vec<Fault> {
    let mut faults = no_place(step.order);
    // A reference that was not looked up is found again, and told, when the step is done.
    let own = own(step).unwrap_or_default();
    let taken = options(step.order).into_iter().flat_map(Map::keys).filter(|key| own.contains_key(*key));
    faults.extend(taken.map(|key| {
        let pointer = format!("/cloud_options/{}", key.replace('~', "~0").replace('/', "~1"));
        Fault::new(pointer, "is what the gateway itself sets here")
    }));
    faults
}

/// What the gateway says in a create.
fn own(step: &Step<'_>) -> Result<Map<String, Value>> {
    let body = Body { step, members: Map::new() };
    match step.order {
        Order::CreateInstance(order) => instance::body(body, order),
        Order::CreateVolume(order) => volume::body(body, order),
        Order::CreateVolumeSnapshot(order) => volume::snapshot_body(body, order),
        Order::CreateImage(order) => Ok(image::body(body, order)),
        Order::CreateNetwork(order) => Ok(network::body(body, order)),
        Order::CreateSubnet(order) => network::subnet_body(body, order),
        Order::CreateNetworkInterface(order) => network::interface_body(body, order),
        Order::CreateRouter(order) => router::body(body, order),
        Order::CreateIpAddress(order) => address::body(body, order),
        Order::CreateIpAddressBinding(order) => address::binding_body(body, order),
        Order::CreateSecurityGroup(order) => Ok(security::body(body, order)),
        Order::CreateSecurityGroupRule(order) => security::rule_body(body, order),
        Order::CreateSshKey(order) => Ok(key::body(body, order)),
        _ => Ok(Map::new()),
    }
}

/// What the caller says in the cloud's own words.
fn options<'a>(order: &'a Order) -> Option<&'a Map<String, Value>> {
    match order {
        Order::CreateInstance(order) => Some(&order.cloud_options),
        Order::CreateVolume(order) => Some(&order.cloud_options),
        Order::CreateVolumeSnapshot(order) => Some(&order.cloud_options),
        Order::CreateImage(order) => Some(&order.cloud_options),
        Order::CreateNetwork(order) => Some(&order.cloud_options),
        Order::CreateSubnet(order) => Some(&order.cloud_options),
        Order::CreateNetworkInterface(order) => Some(&order.cloud_options),
        Order::CreateRouter(order) => Some(&order.cloud_options),
        Order::CreateIpAddress(order) => Some(&order.cloud_options),
        Order::CreateSecurityGroup(order) => Some(&order.cloud_options),
        _ => None,
    }
}

/// Fields for which this cloud has no place.
fn no_place(order: &Order) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut refuse = |is_given, pointer, detail| {
        if is_given {
            faults.push(Fault::new(pointer, detail));
        }
    };
    match order {
        Order::CreateImage(order) => {
            let detail = "this type of cloud has no containers of images";
            refuse(order.container_format.is_some(), "/container_format", detail);
        }
        Order::CreateNetwork(order) => {
            let detail = "this type of cloud gives networks no range of addresses";
            refuse(order.cidr.is_some(), "/cidr", detail);
        }
        Order::CreateSubnet(order) => {
            let detail = "subnets of this type of cloud are in all datacenters";
            refuse(order.datacenter.is_some(), "/datacenter", detail);
        }
        Order::CreateRouter(order) => {
            refuse(order.network.is_some(), "/network", "routers of this type of cloud belong to no network");
        }
        Order::CreateSecurityGroup(order) => {
            let detail = "security groups of this type of cloud are for all networks";
            refuse(order.network.is_some(), "/network", detail);
        }
        Order::RouterGateway(order) => {
            let detail = "must be given: routers of this type of cloud lead out through a network";
            refuse(order.external_network.is_none(), "/external_network", detail);
        }
        _ => {}
    }
    faults
}

impl Body<'_> {
    /// Name, words about it and labels, with the marker among them.
    pub(super) fn words(mut self, name: &str, about: Option<&str>, tags: &BTreeMap<String, String>) -> Self {
        let mut labels = tags.clone();
        labels.insert(MARKER_KEY.to_owned(), self.step.marker.to_string());
        self.members.insert("name".to_owned(), json!(name));
        self.members.insert("about".to_owned(), json!(about.unwrap_or_default()));
        self.members.insert("labels".to_owned(), json!(labels));
        self
    }

    /// A member that is left out when there is nothing to say.
    pub(super) fn with<T: Into<Value>>(mut self, word: &str, value: Option<T>) -> Self {
        self.members.extend(value.map(|value| (word.to_owned(), value.into())));
        self
    }

    /// The cloud's own id of what the order names.
    pub(super) fn id(&self, id: ResourceId) -> Result<String> {
        Ok(self.step.named.get(id)?.external_id.clone())
    }

    /// A member that names something.
    pub(super) fn naming(self, word: &str, id: Option<ResourceId>) -> Result<Self> {
        let id = id.map(|id| self.id(id)).transpose()?;
        Ok(self.with(word, id))
    }

    /// A member that names several; left out when it names none.
    pub(super) fn naming_all(self, word: &str, ids: &[ResourceId]) -> Result<Self> {
        let ids = ids.iter().map(|id| self.id(*id)).collect::<Result<Vec<_>>>()?;
        Ok(self.with(word, (!ids.is_empty()).then_some(ids)))
    }

    /// The name of what the order names.
    pub(super) fn name(&self, id: ResourceId) -> Result<String> {
        Ok(self.step.named.get(id)?.name.clone())
    }

    pub(super) fn end(self) -> Map<String, Value> {
        self.members
    }
}
