use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::{AddressRange, Canonical, Network, Route, Subnet};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, Context, ip_version, read};

#[derive(Deserialize)]
struct Wire {
    about: String,
    network: String,
    range: String,
    family: String,
    way_out: Option<String>,
    tells_addresses: bool,
    resolvers: Vec<String>,
    given_out: Vec<WireRange>,
    routes: Vec<WireRoute>,
    outside_at_boot: bool,
    usual: bool,
}

#[derive(Deserialize)]
struct WireRange {
    from: String,
    to: String,
}

#[derive(Deserialize)]
pub(super) struct WireRoute {
    to: String,
    via: Option<String>,
}

impl From<WireRoute> for Route {
    fn from(wire: WireRoute) -> Self {
        Self { destination: wire.to, next_hop: wire.via }
    }
}

pub(super) fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let pools = wire.given_out.into_iter();
    let fields = Subnet {
        description: Some(wire.about),
        network: context.reference(Network::KIND, &wire.network, None),
        cidr: Some(wire.range),
        ip_version: ip_version(&wire.family)?,
        ipv6_cidrs: Vec::new(),
        gateway_ip_address: wire.way_out,
        dhcp: Some(wire.tells_addresses),
        dns_servers: wire.resolvers,
        allocation_pools: pools.map(|range| AddressRange { first: range.from, last: range.to }).collect(),
        host_routes: wire.routes.into_iter().map(Route::from).collect(),
        datacenter: None,
        free_ip_addresses: None,
        public_ip_on_launch: Some(wire.outside_at_boot),
        default: Some(wire.usual),
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
