use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::list_limit::ListLimit;
use super::name::Kind;
use super::named::Named;
use super::reference::{Reference, Route};
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::update::update;
use super::verb::{VerbSpec, When, create, delete};
use crate::id::ResourceId;

/// A range of a network's addresses: the fields that only a subnet has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Subnet {
    /// The owner's free text.
    pub description: Option<String>,
    /// The network.
    pub network: Reference,
    /// The address range, such as `10.0.0.0/24`.
    pub cidr: Option<String>,
    /// The version of IP: 4 or 6.
    pub ip_version: u8,
    /// Further ranges of version 6, where one subnet has both versions.
    pub ipv6_cidrs: Vec<String>,
    /// The address of the default gateway.
    pub gateway_ip_address: Option<String>,
    /// Whether instances get their addresses by DHCP.
    pub dhcp: Option<bool>,
    /// The name servers that instances get.
    pub dns_servers: Vec<String>,
    /// The addresses that are allocated.
    pub allocation_pools: Vec<AddressRange>,
    /// The routes that instances get.
    pub host_routes: Vec<Route>,
    /// The availability zone, where it is in one.
    pub datacenter: Option<String>,
    /// The number of free addresses.
    pub free_ip_addresses: Option<u64>,
    /// Whether instances get a public address.
    pub public_ip_on_launch: Option<bool>,
    /// Whether instances of its zone are put in it when no subnet is named.
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
    const KIND: Kind = Kind::Subnet;
}

/// Creates a subnet.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSubnet {
    /// The name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The network.
    #[schema(value_type = uuid::Uuid)]
    pub network: ResourceId,
    /// The address range.
    pub cidr: String,
    /// The address of the default gateway; the first address when not given.
    #[serde(default)]
    pub gateway_ip_address: Option<String>,
    /// Whether instances get their addresses by DHCP; true when not given.
    #[serde(default)]
    pub dhcp: Option<bool>,
    /// The name servers that instances get.
    #[serde(default)]
    pub dns_servers: Vec<String>,
    /// The name of the availability zone, where subnets are in one.
    #[serde(default)]
    pub datacenter: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Further options, in the cloud's own terms.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

/// The most name servers of one subnet. Neutron allows 5 by default and more if it is configured so.
const MOST_DNS_SERVERS: usize = 20;

impl Body for CreateSubnet {
    const NAMES: &'static [Named] = &[Named::new(&["network"], Kind::Network)];
    const LISTS: &'static [ListLimit] = &[ListLimit::new("dns_servers", MOST_DNS_SERVERS)];

    fn errors(&self) -> FieldErrors {
        let errors = FieldErrors::default()
            .name(&self.name)
            .description(self.description.as_ref())
            .tags(&self.tags)
            .cidr("/cidr", &self.cidr);
        let errors = self
            .gateway_ip_address
            .iter()
            .fold(errors, |errors, address| errors.address("/gateway_ip_address", address));
        let servers = self.dns_servers.iter().enumerate();
        servers.fold(errors, |errors, (at, server)| errors.address(&format!("/dns_servers/{at}"), server))
    }
}

static VERBS: [VerbSpec; 3] = [create::<CreateSubnet>(), update(When::Always), delete(When::Always)];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::Subnet,
    plural: "subnets",
    summary: "Address ranges of networks",
    states: &[],
    relations: &[Relation::one("network", &["network"], Kind::Network, "subnets")],
    filters: &["cidr", "datacenter", "ip_version"],
    columns: &[
        Column::new("CIDR", "cidr"),
        Column::new("NETWORK", "network"),
        Column::new("GATEWAY_IP", "gateway_ip_address"),
        Column::new("DATACENTER", "datacenter"),
    ],
    verbs: &VERBS,
    schema: || {
        vec![
            ("Subnet".to_owned(), Subnet::schema()),
            ("AddressRange".to_owned(), AddressRange::schema()),
            ("Route".to_owned(), Route::schema()),
        ]
    },
    check: check_fields::<Subnet>,
};
