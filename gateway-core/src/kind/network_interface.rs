use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::list_limit::{ListLimit, MOST_SECURITY_GROUPS};
use super::name::Kind;
use super::named::Named;
use super::reference::{InterfaceAddress, Reference};
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::state::states;
use super::verb::{Repeat, Verb, VerbSpec, When, create, delete, with};
use crate::id::ResourceId;

/// The attachment of an instance or router to a network: the fields that only an interface has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NetworkInterface {
    /// The owner's free text.
    pub description: Option<String>,
    /// The network.
    pub network: Reference,
    /// The private addresses, each with its subnet.
    pub addresses: Vec<InterfaceAddress>,
    /// The hardware address.
    pub mac_address: Option<String>,
    /// Whether its owner has enabled it.
    pub enabled: Option<bool>,
    /// The instance that it is attached to.
    pub instance: Option<Reference>,
    /// The router that it belongs to.
    pub router: Option<Reference>,
    /// The user of the interface, in the cloud's own words.
    pub device_owner: Option<String>,
    /// The position among the instance's interfaces, from 0.
    pub device_index: Option<u32>,
    /// The security groups that apply to it.
    pub security_groups: Vec<Reference>,
    /// Whether its traffic is filtered by security groups or by its addresses.
    pub port_security: Option<bool>,
    /// Whether it is deleted with the instance.
    pub delete_on_termination: Option<bool>,
    /// The availability zone, where it is in one.
    pub datacenter: Option<String>,
}

impl Canonical for NetworkInterface {
    const KIND: Kind = Kind::NetworkInterface;
}

states! {
    /// The life of an interface.
    NetworkInterfaceState of Kind::NetworkInterface;
    /// Being created or attached.
    Pending = "pending" (moving) -> ["active", "inactive", "error"],
    /// Attached and carrying traffic.
    Active = "active" -> ["inactive", "detaching", "error"],
    /// Detached, or carrying no traffic.
    Inactive = "inactive" -> ["pending", "active", "error"],
    /// Being detached.
    Detaching = "detaching" (moving) -> ["inactive", "active", "error"],
    /// Broken.
    Error = "error" -> ["active", "inactive"],
    /// A state that the driver or the cloud itself does not know.
    Unknown = "unknown" -> ["active", "inactive", "error"],
}

/// Creates an interface.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNetworkInterface {
    /// The name.
    #[serde(default)]
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The network.
    #[schema(value_type = uuid::Uuid)]
    pub network: ResourceId,
    /// The addresses; the cloud chooses one when not given.
    #[serde(default)]
    pub addresses: Vec<FixedAddress>,
    /// The security groups; the cloud's default group when not given.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    pub security_groups: Option<Vec<ResourceId>>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Further options, in the cloud's own terms.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

/// An address in a subnet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedAddress {
    /// The subnet.
    #[schema(value_type = uuid::Uuid)]
    pub subnet: ResourceId,
    /// The address; the cloud chooses one when not given.
    #[serde(default)]
    pub ip_address: Option<String>,
}

/// The most addresses of one interface. EC2 allows 50; a higher number lets one command look up more subnets.
const MOST_ADDRESSES: usize = 50;

impl Body for CreateNetworkInterface {
    const NAMES: &'static [Named] = &[
        Named::new(&["network"], Kind::Network),
        Named::new(&["addresses", "subnet"], Kind::Subnet),
        Named::new(&["security_groups"], Kind::SecurityGroup),
    ];
    const LISTS: &'static [ListLimit] = &[
        ListLimit::new("addresses", MOST_ADDRESSES),
        ListLimit::new("security_groups", MOST_SECURITY_GROUPS),
    ];

    fn errors(&self) -> FieldErrors {
        let errors = FieldErrors::default().description(self.description.as_ref()).tags(&self.tags).unless(
            self.name.chars().count() <= 255,
            "/name",
            "must be at most 255 characters",
        );
        let addresses = self.addresses.iter().enumerate();
        addresses.fold(errors, |errors, (at, fixed)| {
            let pointer = format!("/addresses/{at}/ip_address");
            fixed.ip_address.iter().fold(errors, |errors, address| errors.address(&pointer, address))
        })
    }
}

/// Changes an interface. Fields that are not given stay.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateNetworkInterface {
    /// The new name.
    #[serde(default)]
    pub name: Option<String>,
    /// The new description; empty for none.
    #[serde(default)]
    pub description: Option<String>,
    /// The tags, which replace all present ones.
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    /// The security groups, which replace all present ones.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    pub security_groups: Option<Vec<ResourceId>>,
}

impl Body for UpdateNetworkInterface {
    const NAMES: &'static [Named] = &[Named::new(&["security_groups"], Kind::SecurityGroup)];
    const LISTS: &'static [ListLimit] = &[ListLimit::new("security_groups", MOST_SECURITY_GROUPS)];

    fn errors(&self) -> FieldErrors {
        let errors = FieldErrors::default().description(self.description.as_ref()).unless(
            *self != Self::default(),
            "",
            "must change something",
        );
        self.tags.iter().fold(errors, FieldErrors::tags)
    }
}

static VERBS: [VerbSpec; 3] = [
    create::<CreateNetworkInterface>(),
    with::<UpdateNetworkInterface>(Verb::Update, When::Always, Repeat::Harmless),
    delete(When::Always),
];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::NetworkInterface,
    plural: "network_interfaces",
    summary: "Attachments of instances and routers to networks",
    states: NetworkInterfaceState::TABLE,
    relations: &[
        Relation::one("network", &["network"], Kind::Network, "network_interfaces"),
        Relation::many("subnet", &["addresses", "subnet"], Kind::Subnet, "network_interfaces"),
        Relation::one("instance", &["instance"], Kind::Instance, "network_interfaces"),
        Relation::one("router", &["router"], Kind::Router, "network_interfaces"),
        Relation::many("security_group", &["security_groups"], Kind::SecurityGroup, "network_interfaces"),
    ],
    filters: &["device_owner", "mac_address"],
    columns: &[
        Column::new("IP", "addresses.ip_address"),
        Column::new("MAC", "mac_address"),
        Column::new("NETWORK", "network"),
        Column::new("INSTANCE", "instance"),
    ],
    verbs: &VERBS,
    schema: || {
        vec![
            ("NetworkInterface".to_owned(), NetworkInterface::schema()),
            ("InterfaceAddress".to_owned(), InterfaceAddress::schema()),
        ]
    },
    check: check_fields::<NetworkInterface>,
};
