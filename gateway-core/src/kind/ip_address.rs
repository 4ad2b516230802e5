use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::reference::Reference;
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::state::states;
use super::update::update;
use super::verb::{VerbSpec, When, create, delete};
use crate::id::ResourceId;

/// A public address that an account holds: the fields that only such an address has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IpAddress {
    /// The owner's free text.
    pub description: Option<String>,
    /// The address.
    pub ip_address: String,
    /// The network that it was allocated from.
    pub network: Option<Reference>,
    /// The interface that it is mapped to.
    pub network_interface: Option<Reference>,
    /// The instance that it is mapped to, if the cloud names it.
    pub instance: Option<Reference>,
    /// The private address that it is mapped to.
    pub private_ip_address: Option<String>,
    /// The router that translates it.
    pub router: Option<Reference>,
    /// The DNS name.
    pub dns_name: Option<String>,
}

impl Canonical for IpAddress {
    const KIND: Kind = Kind::IpAddress;
}

states! {
    /// The life of an address.
    IpAddressState of Kind::IpAddress;
    /// Not mapped.
    Available = "available" -> ["in_use", "error"],
    /// Mapped to an interface.
    InUse = "in_use" -> ["available", "error"],
    /// Broken.
    Error = "error" -> ["available", "in_use"],
    /// A state that the driver does not know.
    Unknown = "unknown" -> ["available", "in_use", "error"],
}

/// Allocates a public address.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIpAddress {
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The network to allocate from, where the cloud has such networks.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub network: Option<ResourceId>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Further options, in the cloud's own terms.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateIpAddress {
    const NAMES: &'static [Named] = &[Named::new(&["network"], Kind::Network)];

    fn errors(&self) -> FieldErrors {
        FieldErrors::default().description(self.description.as_ref()).tags(&self.tags)
    }
}

static VERBS: [VerbSpec; 3] = [create::<CreateIpAddress>(), update(When::Always), delete(When::Always)];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::IpAddress,
    plural: "ip_addresses",
    summary: "Public addresses",
    states: IpAddressState::TABLE,
    relations: &[
        Relation::one("network", &["network"], Kind::Network, "ip_addresses"),
        Relation::one("network_interface", &["network_interface"], Kind::NetworkInterface, "ip_addresses"),
        Relation::one("instance", &["instance"], Kind::Instance, "ip_addresses"),
        Relation::one("router", &["router"], Kind::Router, "ip_addresses"),
    ],
    filters: &["ip_address"],
    columns: &[
        Column::new("IP", "ip_address"),
        Column::new("PRIVATE_IP", "private_ip_address"),
        Column::new("INSTANCE", "instance"),
        Column::new("NETWORK", "network"),
    ],
    verbs: &VERBS,
    schema: || vec![("IpAddress".to_owned(), IpAddress::schema())],
    check: check_fields::<IpAddress>,
};
