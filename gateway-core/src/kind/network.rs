use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::spec::{Canonical, KindSpec, check_fields};
use super::state::states;
use super::update::update;
use super::verb::{VerbSpec, When, create, delete};

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
    const KIND: Kind = Kind::Network;
}

states! {
    /// The life of a network.
    NetworkState of Kind::Network;
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

    fn errors(&self) -> FieldErrors {
        let errors =
            FieldErrors::default().name(&self.name).description(self.description.as_ref()).tags(&self.tags);
        self.cidr.iter().fold(errors, |errors, cidr| errors.cidr("/cidr", cidr))
    }
}

static VERBS: [VerbSpec; 3] = [create::<CreateNetwork>(), update(When::Always), delete(When::Always)];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::Network,
    plural: "networks",
    summary: "Networks that instances talk in",
    states: NetworkState::TABLE,
    relations: &[],
    filters: &["external", "default"],
    columns: &[
        Column::new("CIDRS", "cidrs"),
        Column::new("EXTERNAL", "external"),
        Column::new("DEFAULT", "default"),
        Column::new("MTU_BYTES", "mtu_bytes"),
    ],
    verbs: &VERBS,
    schema: || vec![("Network".to_owned(), Network::schema())],
    check: check_fields::<Network>,
};
