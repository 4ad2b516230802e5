//! What is done to networks, subnets and interfaces.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Body, Faults, Order, create, delete, update, with};
use crate::id::ResourceId;
use crate::verb::{Named, Repeat, Verb, VerbSpec, When};

/// Makes a network.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNetwork {
    /// Its name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// Its addresses, where the cloud's networks have a range of their own; subnets are parts of it.
    #[serde(default)]
    pub cidr: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What the cloud takes besides, in its own words.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateNetwork {
    const NAMES: &'static [Named] = &[];

    fn faults(&self) -> Faults {
        let faults =
            Faults::default().name(&self.name).description(self.description.as_ref()).tags(&self.tags);
        self.cidr.iter().fold(faults, |faults, cidr| faults.cidr("/cidr", cidr))
    }

    fn order(self) -> Order {
        Order::CreateNetwork(self)
    }
}

/// Makes a subnet.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSubnet {
    /// Its name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The network.
    #[schema(value_type = uuid::Uuid)]
    pub network: ResourceId,
    /// Its addresses.
    pub cidr: String,
    /// Where traffic to elsewhere goes; the first address when not given.
    #[serde(default)]
    pub gateway_ip_address: Option<String>,
    /// Instances are told their addresses by DHCP; they are when not given.
    #[serde(default)]
    pub dhcp: Option<bool>,
    /// Name servers that instances are told.
    #[serde(default)]
    pub dns_servers: Vec<String>,
    /// Name of the availability zone, where subnets are in one.
    #[serde(default)]
    pub datacenter: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What the cloud takes besides, in its own words.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateSubnet {
    const NAMES: &'static [Named] = &[Named::new(&["network"], "network")];

    fn faults(&self) -> Faults {
        let faults = Faults::default()
            .name(&self.name)
            .description(self.description.as_ref())
            .tags(&self.tags)
            .cidr("/cidr", &self.cidr);
        let faults = self
            .gateway_ip_address
            .iter()
            .fold(faults, |faults, address| faults.address("/gateway_ip_address", address));
        let servers = self.dns_servers.iter().enumerate();
        servers.fold(faults, |faults, (at, server)| faults.address(&format!("/dns_servers/{at}"), server))
    }

    fn order(self) -> Order {
        Order::CreateSubnet(self)
    }
}

/// Makes an interface.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNetworkInterface {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The network.
    #[schema(value_type = uuid::Uuid)]
    pub network: ResourceId,
    /// Its addresses; one of the cloud's choice when not given.
    #[serde(default)]
    pub addresses: Vec<FixedAddress>,
    /// Security groups, in place of the cloud's usual one.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    pub security_groups: Option<Vec<ResourceId>>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What the cloud takes besides, in its own words.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

/// A place in a subnet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedAddress {
    /// The subnet.
    #[schema(value_type = uuid::Uuid)]
    pub subnet: ResourceId,
    /// The address; one of the cloud's choice when not given.
    #[serde(default)]
    pub ip_address: Option<String>,
}

impl Body for CreateNetworkInterface {
    const NAMES: &'static [Named] = &[
        Named::new(&["network"], "network"),
        Named::new(&["addresses", "subnet"], "subnet"),
        Named::new(&["security_groups"], "security_group"),
    ];

    fn faults(&self) -> Faults {
        let faults = Faults::default().description(self.description.as_ref()).tags(&self.tags).unless(
            self.name.chars().count() <= 255,
            "/name",
            "must be 255 characters at most",
        );
        let addresses = self.addresses.iter().enumerate();
        addresses.fold(faults, |faults, (at, place)| {
            let pointer = format!("/addresses/{at}/ip_address");
            place.ip_address.iter().fold(faults, |faults, address| faults.address(&pointer, address))
        })
    }

    fn order(self) -> Order {
        Order::CreateNetworkInterface(self)
    }
}

/// What changes about an interface. What is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateNetworkInterface {
    /// The new name.
    #[serde(default)]
    pub name: Option<String>,
    /// The new description; empty for none.
    #[serde(default)]
    pub description: Option<String>,
    /// All tags, in place of those that it has.
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    /// All security groups, in place of those that it has.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    pub security_groups: Option<Vec<ResourceId>>,
}

impl Body for UpdateNetworkInterface {
    const NAMES: &'static [Named] = &[Named::new(&["security_groups"], "security_group")];

    fn faults(&self) -> Faults {
        let faults = Faults::default().description(self.description.as_ref()).unless(
            *self != Self::default(),
            "",
            "must change something",
        );
        self.tags.iter().fold(faults, Faults::tags)
    }

    fn order(self) -> Order {
        Order::UpdateNetworkInterface(self)
    }
}

pub(crate) static NETWORK: [VerbSpec; 3] =
    [create::<CreateNetwork>(), update(When::Always), delete(When::Always)];

pub(crate) static SUBNET: [VerbSpec; 3] =
    [create::<CreateSubnet>(), update(When::Always), delete(When::Always)];

pub(crate) static NETWORK_INTERFACE: [VerbSpec; 3] = [
    create::<CreateNetworkInterface>(),
    with::<UpdateNetworkInterface>(Verb::Update, When::Always, Repeat::Harmless),
    delete(When::Always),
];
