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

/// A network that connects instances: the fields that only a network has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Network {
    /// The owner's free text.
    pub description: Option<String>,
    /// The address ranges of the whole network, where it has any besides those of its subnets.
    pub cidrs: Vec<String>,
    /// Whether it leads out of the cloud.
    pub external: Option<bool>,
    /// Whether instances are put in it when no network is named.
    pub default: Option<bool>,
    /// Whether its owner has enabled it.
    pub enabled: Option<bool>,
    /// The largest packet.
    pub mtu_bytes: Option<u32>,
    /// The encapsulation, such as `vxlan`, where the caller may see it.
    pub network_type: Option<String>,
    /// The number of its segment, where the caller may see it.
    pub segmentation_id: Option<i64>,
    /// Whether security groups apply to its interfaces by default.
    pub port_security: Option<bool>,
    /// The domain of the DNS names that it assigns.
    pub dns_domain: Option<String>,
    /// The availability zones that it spans.
    pub datacenters: Vec<String>,
}

impl Canonical for Network {
    const KIND: Kind = Kind::Network;
}

states! {
    /// The life of a network.
    NetworkState of Kind::Network;
    /// Being created.
    Pending = "pending" (moving) -> ["available", "down", "error"],
    /// Carries traffic.
    Available = "available" -> ["down", "error"],
    /// Carries none.
    Down = "down" -> ["available", "error"],
    /// Broken.
    Error = "error" -> ["available", "down"],
    /// A state that the driver does not know.
    Unknown = "unknown" -> ["available", "down", "error"],
}

/// Creates a network.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNetwork {
    /// The name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The address range, where the cloud's networks have one. Subnets are parts of it.
    #[serde(default)]
    pub cidr: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Further options, in the cloud's own terms.
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
    summary: "Networks that connect instances",
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
