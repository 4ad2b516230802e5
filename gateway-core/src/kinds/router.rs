use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::{InterfaceAddress, Reference, Route, states};
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("router");

/// What passes traffic between networks: the fields that only a router has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Router {
    /// Free text of its owner.
    pub description: Option<String>,
    /// What it is, where the cloud has several sorts: `route_table`, `internet_gateway`.
    pub router_type: Option<String>,
    /// Switched on by its owner.
    pub enabled: Option<bool>,
    /// The network that it serves, where it belongs to one.
    pub network: Option<Reference>,
    /// The network through which it leads out of the cloud.
    pub external_network: Option<Reference>,
    /// Its addresses there.
    pub external_addresses: Vec<InterfaceAddress>,
    /// Addresses inside are translated to those outside.
    pub source_nat: Option<bool>,
    /// The subnets between which it passes traffic.
    pub interfaces: Vec<RouterInterface>,
    /// Routes beside those to its subnets.
    pub routes: Vec<Route>,
    /// What a network's subnets use when nobody names a router.
    pub default: Option<bool>,
    /// Runs in several places at once, each serving its own.
    pub distributed: Option<bool>,
    /// Runs twice, so that one may fail.
    pub highly_available: Option<bool>,
}

/// One end of a router.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RouterInterface {
    /// The subnet at this end.
    pub subnet: Reference,
    /// The interface, where it is one of its own.
    pub network_interface: Option<Reference>,
    /// The router's address there.
    pub ip_address: Option<String>,
}

impl Canonical for Router {
    const KIND: Kind = KIND;
}

states! {
    /// The life of a router.
    RouterState of KIND;
    /// Being made or attached.
    Pending = "pending" (moving) -> ["available", "down", "error"],
    /// Passes traffic.
    Available = "available" -> ["down", "detaching", "error"],
    /// Passes none.
    Down = "down" -> ["pending", "available", "error"],
    /// Being detached.
    Detaching = "detaching" (moving) -> ["down", "error"],
    /// Broken.
    Error = "error" -> ["available", "down"],
    /// The cloud said a word that the driver does not know.
    Unknown = "unknown" -> ["available", "down", "error"],
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "routers",
    summary: "What passes traffic between networks",
    states: RouterState::TABLE,
    relations: &[
        Relation::one("network", &["network"], "network", "routers"),
        Relation::one("external_network", &["external_network"], "network", "external_routers"),
        Relation::many("subnet", &["interfaces", "subnet"], "subnet", "routers"),
    ],
    filters: &["router_type"],
    verbs: &order::ROUTER,
    schema: || {
        vec![
            ("Router".to_owned(), Router::schema()),
            ("RouterInterface".to_owned(), RouterInterface::schema()),
        ]
    },
    check: check_fields::<Router>,
};
