use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::{Reference, states};
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("ip_address");

/// An address that is reached from outside, held by an account: the fields that only such an address has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IpAddress {
    /// Free text of its owner.
    pub description: Option<String>,
    /// The address.
    pub ip_address: String,
    /// The network that it was taken from.
    pub network: Option<Reference>,
    /// The interface that it leads to.
    pub network_interface: Option<Reference>,
    /// The instance that it leads to, where the cloud tells.
    pub instance: Option<Reference>,
    /// The address inside that it leads to.
    pub private_ip_address: Option<String>,
    /// The router through which it leads there.
    pub router: Option<Reference>,
    /// Name by which it is found.
    pub dns_name: Option<String>,
}

impl Canonical for IpAddress {
    const KIND: Kind = KIND;
}

states! {
    /// The life of an address.
    IpAddressState of KIND;
    /// Leads nowhere.
    Available = "available" -> ["in_use", "error"],
    /// Leads to something.
    InUse = "in_use" -> ["available", "error"],
    /// Broken.
    Error = "error" -> ["available", "in_use"],
    /// The cloud said a word that the driver does not know.
    Unknown = "unknown" -> ["available", "in_use", "error"],
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "ip_addresses",
    summary: "Addresses that are reached from outside",
    states: IpAddressState::TABLE,
    relations: &[
        Relation::one("network", &["network"], "network", "ip_addresses"),
        Relation::one("network_interface", &["network_interface"], "network_interface", "ip_addresses"),
        Relation::one("instance", &["instance"], "instance", "ip_addresses"),
        Relation::one("router", &["router"], "router", "ip_addresses"),
    ],
    filters: &["ip_address"],
    verbs: &order::IP_ADDRESS,
    schema: || vec![("IpAddress".to_owned(), IpAddress::schema())],
    check: check_fields::<IpAddress>,
};
