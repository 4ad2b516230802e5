//! Subnets.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{AddressRange, Route, Subnet};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, METADATA_COMMANDS};
use crate::document::{Common, Context, ip_version, read};

/// Subnets.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    published: true,
    commands: METADATA_COMMANDS,
    ..Descriptor::new(Kind::Subnet, observe)
};

#[derive(Deserialize)]
struct Wire {
    description: String,
    network: String,
    range: String,
    family: String,
    gateway: Option<String>,
    dhcp: bool,
    resolvers: Vec<String>,
    pools: Vec<WireRange>,
    routes: Vec<WireRoute>,
    public_ip_at_boot: bool,
    default: bool,
}

#[derive(Deserialize)]
struct WireRange {
    from: String,
    to: String,
}

#[derive(Deserialize)]
pub(crate) struct WireRoute {
    to: String,
    via: Option<String>,
}

impl From<WireRoute> for Route {
    fn from(wire: WireRoute) -> Self {
        Self { destination: wire.to, next_hop: wire.via }
    }
}

fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let pools = wire.pools.into_iter();
    let fields = Subnet {
        description: Some(wire.description),
        network: context.reference(Kind::Network, &wire.network, None),
        cidr: Some(wire.range),
        ip_version: ip_version(&wire.family)?,
        ipv6_cidrs: Vec::new(),
        gateway_ip_address: wire.gateway,
        dhcp: Some(wire.dhcp),
        dns_servers: wire.resolvers,
        allocation_pools: pools.map(|range| AddressRange { first: range.from, last: range.to }).collect(),
        host_routes: wire.routes.into_iter().map(Route::from).collect(),
        datacenter: None,
        free_ip_addresses: None,
        public_ip_on_launch: Some(wire.public_ip_at_boot),
        default: Some(wire.default),
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
