//! The bodies of creates, and what in an order this cloud has no place for.

use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::driver::Step;
use gateway_core::id::ResourceId;
use gateway_core::kind::{Command, FieldError};
use gateway_core::marker::MARKER_KEY;
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
    members.extend(options(step.command).cloned().unwrap_or_default());
    Ok(members)
}

pub(super) fn faults(step: &Step<'_>) -> Vec<FieldError> {
    let mut faults = no_place(step.command);
    // A reference that was not looked up is found again, and told, when the step is done.
    let own = own(step).unwrap_or_default();
    let taken = options(step.command).into_iter().flat_map(Map::keys).filter(|key| own.contains_key(*key));
    faults.extend(taken.map(|key| {
        let pointer = format!("/cloud_options/{}", key.replace('~', "~0").replace('/', "~1"));
        FieldError::new(pointer, "is what the gateway itself sets here")
    }));
    faults
}

/// What the gateway says in a create.
fn own(step: &Step<'_>) -> Result<Map<String, Value>> {
    let body = Body { step, members: Map::new() };
    match step.command {
        Command::CreateInstance(command) => instance::body(body, command),
        Command::CreateVolume(command) => volume::body(body, command),
        Command::CreateVolumeSnapshot(command) => volume::snapshot_body(body, command),
        Command::CreateImage(command) => Ok(image::body(body, command)),
        Command::CreateNetwork(command) => Ok(network::body(body, command)),
        Command::CreateSubnet(command) => network::subnet_body(body, command),
        Command::CreateNetworkInterface(command) => network::interface_body(body, command),
        Command::CreateRouter(command) => router::body(body, command),
        Command::CreateIpAddress(command) => address::body(body, command),
        Command::CreateIpAddressBinding(command) => address::binding_body(body, command),
        Command::CreateSecurityGroup(command) => Ok(security::body(body, command)),
        Command::CreateSecurityGroupRule(command) => security::rule_body(body, command),
        Command::CreateSshKey(command) => Ok(key::body(body, command)),
        _ => Ok(Map::new()),
    }
}

/// What the caller says in the cloud's own words.
fn options(command: &Command) -> Option<&Map<String, Value>> {
    match command {
        Command::CreateInstance(command) => Some(&command.cloud_options),
        Command::CreateVolume(command) => Some(&command.cloud_options),
        Command::CreateVolumeSnapshot(command) => Some(&command.cloud_options),
        Command::CreateImage(command) => Some(&command.cloud_options),
        Command::CreateNetwork(command) => Some(&command.cloud_options),
        Command::CreateSubnet(command) => Some(&command.cloud_options),
        Command::CreateNetworkInterface(command) => Some(&command.cloud_options),
        Command::CreateRouter(command) => Some(&command.cloud_options),
        Command::CreateIpAddress(command) => Some(&command.cloud_options),
        Command::CreateSecurityGroup(command) => Some(&command.cloud_options),
        _ => None,
    }
}

/// Fields for which this cloud has no place.
fn no_place(command: &Command) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let mut refuse = |is_given, pointer, detail| {
        if is_given {
            faults.push(FieldError::new(pointer, detail));
        }
    };
    match command {
        Command::CreateImage(command) => {
            let detail = "this type of cloud has no containers of images";
            refuse(command.container_format.is_some(), "/container_format", detail);
        }
        Command::CreateNetwork(command) => {
            let detail = "this type of cloud gives networks no range of addresses";
            refuse(command.cidr.is_some(), "/cidr", detail);
        }
        Command::CreateSubnet(command) => {
            let detail = "subnets of this type of cloud are in all datacenters";
            refuse(command.datacenter.is_some(), "/datacenter", detail);
        }
        Command::CreateRouter(command) => {
            refuse(
                command.network.is_some(),
                "/network",
                "routers of this type of cloud belong to no network",
            );
        }
        Command::CreateSecurityGroup(command) => {
            let detail = "security groups of this type of cloud are for all networks";
            refuse(command.network.is_some(), "/network", detail);
        }
        Command::RouterGateway(command) => {
            let detail = "must be given: routers of this type of cloud lead out through a network";
            refuse(command.external_network.is_none(), "/external_network", detail);
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
