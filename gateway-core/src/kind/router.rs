use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::reference::{InterfaceAddress, Reference, Route};
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::state::states;
use super::update::update;
use super::verb::{Repeat, Verb, VerbSpec, When, create, delete, plain, with};
use crate::id::ResourceId;

/// A device that passes traffic between networks: the fields that only a router has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Router {
    /// The owner's free text.
    pub description: Option<String>,
    /// The type, where the cloud has several: `route_table`, `internet_gateway`.
    pub router_type: Option<String>,
    /// Whether its owner has enabled it.
    pub enabled: Option<bool>,
    /// The network that it serves, where routers belong to one.
    pub network: Option<Reference>,
    /// The network through which it leads out of the cloud.
    pub external_network: Option<Reference>,
    /// The addresses in the external network.
    pub external_addresses: Vec<InterfaceAddress>,
    /// Whether private source addresses are translated to public ones.
    pub source_nat: Option<bool>,
    /// The interfaces, one for each connected subnet.
    pub interfaces: Vec<RouterInterface>,
    /// Routes besides those to its subnets.
    pub routes: Vec<Route>,
    /// Whether a network's subnets use it when no router is named.
    pub default: Option<bool>,
    /// Whether it runs on several hosts at once, each for its own instances.
    pub distributed: Option<bool>,
    /// Whether it runs twice, so that one copy may fail.
    pub highly_available: Option<bool>,
}

/// An interface of a router.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RouterInterface {
    /// The connected subnet.
    pub subnet: Reference,
    /// The interface as a resource, where the cloud has one.
    pub network_interface: Option<Reference>,
    /// The router's address in the subnet.
    pub ip_address: Option<String>,
}

impl Canonical for Router {
    const KIND: Kind = Kind::Router;
}

states! {
    /// The life of a router.
    RouterState of Kind::Router;
    /// Being created or attached.
    Pending = "pending" (moving) -> ["available", "down", "error"],
    /// Passes traffic.
    Available = "available" -> ["down", "detaching", "error"],
    /// Passes none.
    Down = "down" -> ["pending", "available", "error"],
    /// Being detached.
    Detaching = "detaching" (moving) -> ["down", "error"],
    /// Broken.
    Error = "error" -> ["available", "down"],
    /// A state that the driver does not know.
    Unknown = "unknown" -> ["available", "down", "error"],
}

/// Creates a router.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRouter {
    /// The name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The network that it serves, where routers belong to one.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub network: Option<ResourceId>,
    /// The network through which it leads out of the cloud, where the cloud has such networks.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub external_network: Option<ResourceId>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Further options, in the cloud's own terms.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateRouter {
    const NAMES: &'static [Named] =
        &[Named::new(&["network"], Kind::Network), Named::new(&["external_network"], Kind::Network)];

    fn errors(&self) -> FieldErrors {
        FieldErrors::default().name(&self.name).description(self.description.as_ref()).tags(&self.tags)
    }
}

/// The subnet to connect or disconnect.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouterSubnet {
    /// The subnet.
    #[schema(value_type = uuid::Uuid)]
    pub subnet: ResourceId,
}

impl Body for RouterSubnet {
    const NAMES: &'static [Named] = &[Named::new(&["subnet"], Kind::Subnet)];

    fn errors(&self) -> FieldErrors {
        FieldErrors::default()
    }
}

/// The router's way out of the cloud.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouterGateway {
    /// The external network; none where the cloud has no such networks.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub external_network: Option<ResourceId>,
}

impl Body for RouterGateway {
    const NAMES: &'static [Named] = &[Named::new(&["external_network"], Kind::Network)];

    fn errors(&self) -> FieldErrors {
        FieldErrors::default()
    }
}

static VERBS: [VerbSpec; 7] = [
    create::<CreateRouter>(),
    update(When::Always),
    delete(When::Always),
    with::<RouterSubnet>(Verb::AddInterface, When::Always, Repeat::Harmless),
    with::<RouterSubnet>(Verb::RemoveInterface, When::Always, Repeat::Harmless),
    with::<RouterGateway>(Verb::SetGateway, When::Always, Repeat::Harmless),
    plain(Verb::ClearGateway, When::Always, Repeat::Harmless),
];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::Router,
    plural: "routers",
    summary: "Routers between networks",
    states: RouterState::TABLE,
    relations: &[
        Relation::one("network", &["network"], Kind::Network, "routers"),
        Relation::one("external_network", &["external_network"], Kind::Network, "external_routers"),
        Relation::many("subnet", &["interfaces", "subnet"], Kind::Subnet, "routers"),
    ],
    filters: &["router_type"],
    columns: &[
        Column::new("TYPE", "router_type"),
        Column::new("NETWORK", "network"),
        Column::new("EXTERNAL_NETWORK", "external_network"),
        Column::new("EXTERNAL_IP", "external_addresses.ip_address"),
    ],
    verbs: &VERBS,
    schema: || {
        vec![
            ("Router".to_owned(), Router::schema()),
            ("RouterInterface".to_owned(), RouterInterface::schema()),
        ]
    },
    check: check_fields::<Router>,
};
