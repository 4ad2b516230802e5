use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::{Reference, Route};
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("subnet");

/// A range of a network's addresses: the fields that only a subnet has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Subnet {
    /// Free text of its owner.
    pub description: Option<String>,
    /// The network.
    pub network: Reference,
    /// The range, such as `10.0.0.0/24`.
    pub cidr: Option<String>,
    /// 4 or 6.
    pub ip_version: u8,
    /// Further ranges of version 6, where one subnet has both.
    pub ipv6_cidrs: Vec<String>,
    /// Where traffic to elsewhere goes.
    pub gateway_ip_address: Option<String>,
    /// Instances are told their addresses by DHCP.
    pub dhcp: Option<bool>,
    /// Name servers that instances are told.
    pub dns_servers: Vec<String>,
    /// The addresses that are given out.
    pub allocation_pools: Vec<AddressRange>,
    /// Routes that instances are told.
    pub host_routes: Vec<Route>,
    /// The availability zone, where it is in one.
    pub datacenter: Option<String>,
    /// Addresses that are free.
    pub free_ip_addresses: Option<u64>,
    /// Instances get an address that is reached from outside.
    pub public_ip_on_launch: Option<bool>,
    /// What instances of its zone get when nobody names a subnet.
    pub default: Option<bool>,
}

/// Addresses from one to another, both included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AddressRange {
    /// The first.
    pub first: String,
    /// The last.
    pub last: String,
}

impl Canonical for Subnet {
    const KIND: Kind = KIND;
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "subnets",
    summary: "Ranges of networks' addresses",
    states: &[],
    relations: &[Relation::one("network", &["network"], "network", "subnets")],
    filters: &["cidr", "datacenter", "ip_version"],
    verbs: &order::SUBNET,
    schema: || {
        vec![
            ("Subnet".to_owned(), Subnet::schema()),
            ("AddressRange".to_owned(), AddressRange::schema()),
            ("Route".to_owned(), Route::schema()),
        ]
    },
    check: check_fields::<Subnet>,
};
