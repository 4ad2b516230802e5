use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::{InterfaceAddress, Reference, states};
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("network_interface");

/// A place where something is plugged into a network: the fields that only an interface has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NetworkInterface {
    /// Free text of its owner.
    pub description: Option<String>,
    /// The network.
    pub network: Reference,
    /// Its addresses inside the cloud, each with its subnet.
    pub addresses: Vec<InterfaceAddress>,
    /// Hardware address.
    pub mac_address: Option<String>,
    /// Switched on by its owner.
    pub enabled: Option<bool>,
    /// The instance that it is in.
    pub instance: Option<Reference>,
    /// The router that it belongs to.
    pub router: Option<Reference>,
    /// What uses it, in the cloud's own words.
    pub device_owner: Option<String>,
    /// Which of the instance's interfaces, from 0.
    pub device_index: Option<u32>,
    /// Security groups that apply to it.
    pub security_groups: Vec<Reference>,
    /// Its traffic is guarded: by security groups, or by a check of its addresses.
    pub port_security: Option<bool>,
    /// Deleted with the instance.
    pub delete_on_termination: Option<bool>,
    /// The availability zone, where it is in one.
    pub datacenter: Option<String>,
}

impl Canonical for NetworkInterface {
    const KIND: Kind = KIND;
}

states! {
    /// The life of an interface.
    NetworkInterfaceState of KIND;
    /// Being made or plugged in.
    Pending = "pending" (moving) -> ["active", "inactive", "error"],
    /// Plugged in and carrying traffic.
    Active = "active" -> ["inactive", "detaching", "error"],
    /// Plugged into nothing, or carrying no traffic.
    Inactive = "inactive" -> ["pending", "active", "error"],
    /// Being unplugged.
    Detaching = "detaching" (moving) -> ["inactive", "active", "error"],
    /// Broken.
    Error = "error" -> ["active", "inactive"],
    /// The cloud said a word that the driver does not know, or that it does not know.
    Unknown = "unknown" -> ["active", "inactive", "error"],
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "network_interfaces",
    summary: "Places where instances and routers are plugged into networks",
    states: NetworkInterfaceState::TABLE,
    relations: &[
        Relation::one("network", &["network"], "network", "network_interfaces"),
        Relation::many("subnet", &["addresses", "subnet"], "subnet", "network_interfaces"),
        Relation::one("instance", &["instance"], "instance", "network_interfaces"),
        Relation::one("router", &["router"], "router", "network_interfaces"),
        Relation::many("security_group", &["security_groups"], "security_group", "network_interfaces"),
    ],
    filters: &["device_owner", "mac_address"],
    verbs: &order::NETWORK_INTERFACE,
    schema: || {
        vec![
            ("NetworkInterface".to_owned(), NetworkInterface::schema()),
            ("InterfaceAddress".to_owned(), InterfaceAddress::schema()),
        ]
    },
    check: check_fields::<NetworkInterface>,
};
