use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::reference::Reference;
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::verb::{VerbSpec, When, create, delete};
use crate::id::ResourceId;

/// The mapping of a public address to an interface: the fields that only a binding has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IpAddressBinding {
    /// The public address as a resource.
    pub address: Reference,
    /// The public address.
    pub ip_address: String,
    /// The interface that it is mapped to.
    pub network_interface: Option<Reference>,
    /// The instance that it is mapped to, if the cloud names it.
    pub instance: Option<Reference>,
    /// The private address.
    pub private_ip_address: Option<String>,
}

impl Canonical for IpAddressBinding {
    const KIND: Kind = Kind::IpAddressBinding;
}

/// Maps a public address to an interface or an instance.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIpAddressBinding {
    /// The public address.
    #[schema(value_type = uuid::Uuid)]
    pub address: ResourceId,
    /// The interface.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub network_interface: Option<ResourceId>,
    /// The instance; its first reachable interface is used.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub instance: Option<ResourceId>,
    /// The private address, where the interface has several.
    #[serde(default)]
    pub private_ip_address: Option<String>,
}

impl Body for CreateIpAddressBinding {
    const NAMES: &'static [Named] = &[
        Named::new(&["address"], Kind::IpAddress),
        Named::new(&["network_interface"], Kind::NetworkInterface),
        Named::new(&["instance"], Kind::Instance),
    ];

    fn errors(&self) -> FieldErrors {
        let errors = FieldErrors::default().unless(
            self.network_interface.is_some() != self.instance.is_some(),
            "",
            "must have either `network_interface` or `instance`",
        );
        let inside = self.private_ip_address.iter();
        inside.fold(errors, |errors, address| errors.address("/private_ip_address", address))
    }
}

static VERBS: [VerbSpec; 2] = [create::<CreateIpAddressBinding>(), delete(When::Always)];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::IpAddressBinding,
    plural: "ip_address_bindings",
    summary: "Mappings of public addresses to interfaces",
    states: &[],
    relations: &[
        Relation::one("address", &["address"], Kind::IpAddress, "ip_address_bindings"),
        Relation::one(
            "network_interface",
            &["network_interface"],
            Kind::NetworkInterface,
            "ip_address_bindings",
        ),
        Relation::one("instance", &["instance"], Kind::Instance, "ip_address_bindings"),
    ],
    filters: &["ip_address"],
    columns: &[
        Column::new("IP", "ip_address"),
        Column::new("PRIVATE_IP", "private_ip_address"),
        Column::new("INSTANCE", "instance"),
        Column::new("INTERFACE", "network_interface"),
    ],
    verbs: &VERBS,
    schema: || vec![("IpAddressBinding".to_owned(), IpAddressBinding::schema())],
    check: check_fields::<IpAddressBinding>,
};
