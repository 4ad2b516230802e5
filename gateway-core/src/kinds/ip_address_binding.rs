use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::Reference;
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("ip_address_binding");

/// An outside address that leads to something inside: the fields that only such a binding has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IpAddressBinding {
    /// The outside address as a resource.
    pub address: Reference,
    /// The outside address.
    pub ip_address: String,
    /// The interface that it leads to.
    pub network_interface: Option<Reference>,
    /// The instance that it leads to, where the cloud tells.
    pub instance: Option<Reference>,
    /// The address inside.
    pub private_ip_address: Option<String>,
}

impl Canonical for IpAddressBinding {
    const KIND: Kind = KIND;
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "ip_address_bindings",
    summary: "Outside addresses that lead to something inside",
    states: &[],
    relations: &[
        Relation::one("address", &["address"], "ip_address", "ip_address_bindings"),
        Relation::one(
            "network_interface",
            &["network_interface"],
            "network_interface",
            "ip_address_bindings",
        ),
        Relation::one("instance", &["instance"], "instance", "ip_address_bindings"),
    ],
    filters: &["ip_address"],
    verbs: &order::IP_ADDRESS_BINDING,
    schema: || vec![("IpAddressBinding".to_owned(), IpAddressBinding::schema())],
    check: check_fields::<IpAddressBinding>,
};
