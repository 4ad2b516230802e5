//! Creation of networks, subnets and routers, and checks before their deletion.

use std::net::Ipv4Addr;

use gateway_core::Kind;
use serde::Deserialize;

use crate::cloud::commands::reference::own;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::range::Range;
use crate::cloud::tables::record::{Body, Network, Subnet};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, TableKey};

/// First segment of the networks of clients, and the number of segments.
const SEGMENTS: [u16; 2] = [1000, 3000];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateNetwork {}

pub(crate) fn create(
    tables: &mut Tables,
    table: TableKey,
    _: CreateNetwork,
) -> Result<(Status, Body), Refusal> {
    tables.check_quota(table, "nets", 1)?;
    let [first, count] = SEGMENTS;
    let segment = first + tables.random.below(count.into()) as u16;
    Ok((Status::Carrying, Body::Network(Network { external: false, default: false, segment })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSubnet {
    network: String,
    range: String,
    gateway: Option<Ipv4Addr>,
    dhcp: Option<bool>,
    resolvers: Option<Vec<Ipv4Addr>>,
}

pub(crate) fn create_subnet(
    tables: &Tables,
    table: TableKey,
    request: CreateSubnet,
) -> Result<(Status, Body), Refusal> {
    let network = own(tables, table, Kind::Network, &request.network)?;
    let range = Range::parse(&request.range).ok_or_else(|| {
        Refusal::invalid(format!("`{}` is not an inet range from /8 to /30", request.range))
    })?;
    tables.check_quota(table, "ranges", 1)?;
    let mut others = tables.records(table).after(None);
    let overlaps = |body: &Body| matches!(body, Body::Subnet(other) if other.network == network && other.range.overlaps(range));
    if others.any(|(_, record)| overlaps(&record.body)) {
        return Err(Refusal::conflict("the range overlaps another subnet of the network"));
    }
    let mut body = Subnet::new(network, range);
    if let Some(gateway) = request.gateway {
        if !range.contains(gateway) {
            return Err(Refusal::invalid("the gateway is not in the range"));
        }
        body.gateway = gateway;
    }
    body.dhcp = request.dhcp.unwrap_or(true);
    body.resolvers = request.resolvers.map(Vec::into_boxed_slice);
    Ok((Status::Kept, Body::Subnet(body)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRouter {
    /// External network of the gateway.
    gateway: Option<String>,
}

pub(crate) fn create_router(
    tables: &mut Tables,
    table: TableKey,
    request: CreateRouter,
) -> Result<(Status, Body), Refusal> {
    tables.check_quota(table, "routers", 1)?;
    let public_ip = request.gateway.map(|network| router_ip(tables, table, &network)).transpose()?;
    Ok((Status::Passing, Body::Router { public_ip, default: false }))
}

/// Allocates the address of a router in its external network.
pub(crate) fn router_ip(tables: &mut Tables, table: TableKey, network: &str) -> Result<Ipv4Addr, Refusal> {
    check_external(tables, table, network)?;
    tables.allocate_public_ip(table).ok_or_else(|| Refusal::conflict("the region has no public addresses"))
}

/// Checks that a network is external.
pub(crate) fn check_external(tables: &Tables, table: TableKey, network: &str) -> Result<(), Refusal> {
    let published = TableKey { owner: Owner::Public, kind: Kind::Network, ..table };
    if own(tables, published, Kind::Network, network).is_ok() {
        return Ok(());
    }
    own(tables, table, Kind::Network, network)?;
    Err(Refusal::invalid("the network is not external"))
}

/// Checks that no record uses a network, subnet or router.
pub(crate) fn check_deletable(
    tables: &Tables,
    table: TableKey,
    number: u64,
    body: &Body,
) -> Result<(), Refusal> {
    let mut subnets = tables.records(TableKey { kind: Kind::Subnet, ..table }).after(None);
    let mut nics = tables.records(TableKey { kind: Kind::NetworkInterface, ..table }).after(None);
    let is_in = |body: &Body| match body {
        Body::RouterNic { subnet, .. } => *subnet == number,
        Body::Nic(nic) => nic.addresses.iter().any(|(subnet, _)| *subnet == number),
        _ => false,
    };
    match body {
        Body::Network(_) => {
            let of = |body: &Body| matches!(body, Body::Subnet(subnet) if subnet.network == number);
            match subnets.any(|(_, record)| of(&record.body)) {
                true => Err(Refusal::in_use("the network has subnets")),
                false => Ok(()),
            }
        }
        Body::Subnet(subnet) if subnet.planned => {
            Err(Refusal::in_use("derived interfaces have addresses in the subnet"))
        }
        Body::Subnet(_) if nics.any(|(_, record)| is_in(&record.body)) => {
            Err(Refusal::in_use("an interface has an address in the subnet"))
        }
        Body::Router { .. } if tables.router_interfaces(table, number).next().is_some() => {
            Err(Refusal::in_use("the router has interfaces"))
        }
        _ => Ok(()),
    }
}
