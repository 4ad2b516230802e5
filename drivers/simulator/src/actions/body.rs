//! The bodies of creates.

use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::driver::Step;
use gateway_core::id::ResourceId;
use gateway_core::kind::Command;
use gateway_core::marker::MARKER_KEY;
use serde_json::{Map, Value, json};

/// Builder of a body.
pub(crate) struct Body<'a> {
    step: &'a Step<'a>,
    members: Map<String, Value>,
}

impl<'a> Body<'a> {
    /// Creates an empty body.
    pub(crate) fn new(step: &'a Step<'a>) -> Self {
        Self { step, members: Map::new() }
    }

    /// Adds name, description and labels, with the marker among them.
    pub(crate) fn metadata(
        mut self,
        name: &str,
        description: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) -> Self {
        let mut labels = tags.clone();
        labels.insert(MARKER_KEY.to_owned(), self.step.marker.to_string());
        self.members.insert("name".to_owned(), json!(name));
        self.members.insert("description".to_owned(), json!(description.unwrap_or_default()));
        self.members.insert("labels".to_owned(), json!(labels));
        self
    }

    /// Adds a member if there is a value.
    pub(crate) fn with<T: Into<Value>>(mut self, member: &str, value: Option<T>) -> Self {
        self.members.extend(value.map(|value| (member.to_owned(), value.into())));
        self
    }

    /// Returns the cloud's own id of a resource that the command names.
    pub(crate) fn id(&self, id: ResourceId) -> Result<String> {
        Ok(self.step.named.get(id)?.external_id.clone())
    }

    /// Adds a member that names a resource.
    pub(crate) fn with_id(self, member: &str, id: Option<ResourceId>) -> Result<Self> {
        let id = id.map(|id| self.id(id)).transpose()?;
        Ok(self.with(member, id))
    }

    /// Adds a member that names several resources, if there are any.
    pub(crate) fn with_ids(self, member: &str, ids: &[ResourceId]) -> Result<Self> {
        let ids = ids.iter().map(|id| self.id(*id)).collect::<Result<Vec<_>>>()?;
        Ok(self.with(member, (!ids.is_empty()).then_some(ids)))
    }

    /// Returns the name of a resource that the command names.
    pub(crate) fn name(&self, id: ResourceId) -> Result<String> {
        Ok(self.step.named.get(id)?.name.clone())
    }

    /// Returns the members.
    pub(crate) fn finish(self) -> Map<String, Value> {
        self.members
    }
}

/// Returns the cloud options of a create.
pub(crate) fn cloud_options(command: &Command) -> Option<&Map<String, Value>> {
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
