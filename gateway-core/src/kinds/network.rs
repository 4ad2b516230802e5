use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::states;
use crate::kind::{Canonical, Kind, KindSpec, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("network");

/// A network that instances talk in: the fields that only a network has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Network {
    /// Free text of its owner.
    pub description: Option<String>,
    /// Address ranges of the whole network, where it has such beside those of its subnets.
    pub cidrs: Vec<String>,
    /// Leads out of the cloud.
    pub external: Option<bool>,
    /// What instances get when nobody names a network.
    pub default: Option<bool>,
    /// Switched on by its owner.
    pub enabled: Option<bool>,
    /// Largest packet.
    pub mtu_bytes: Option<u32>,
    /// How it is carried, such as `vxlan`, where the caller may know.
    pub network_type: Option<String>,
    /// Number of its segment, where the caller may know.
    pub segmentation_id: Option<i64>,
    /// Interfaces in it are guarded by security groups unless they say otherwise.
    pub port_security: Option<bool>,
    /// Domain of the names that it gives.
    pub dns_domain: Option<String>,
    /// Availability zones that it is in.
    pub datacenters: Vec<String>,
}

impl Canonical for Network {
    const KIND: Kind = KIND;
}

states! {
    /// The life of a network.
    NetworkState of KIND;
    /// Being made.
    Pending = "pending" (moving) -> ["available", "down", "error"],
    /// Carries traffic.
    Available = "available" -> ["down", "error"],
    /// Carries none.
    Down = "down" -> ["available", "error"],
    /// Broken.
    Error = "error" -> ["available", "down"],
    /// The cloud said a word that the driver does not know.
    Unknown = "unknown" -> ["available", "down", "error"],
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "networks",
    summary: "Networks that instances talk in",
    states: NetworkState::TABLE,
    relations: &[],
    filters: &["external", "default"],
    verbs: &order::NETWORK,
    schema: || vec![("Network".to_owned(), Network::schema())],
    check: check_fields::<Network>,
};
