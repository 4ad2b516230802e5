//! Networks, subnets and routers that clients make.

use std::net::Ipv4Addr;

use serde::Deserialize;

use super::super::addresses::Range;
use super::super::answer::Refusal;
use super::super::body::{Body, Network, Subnet};
use super::super::lifecycle::Status;
use super::super::shelf::{Owner, Place};
use super::super::sort::Sort;
use super::super::world::World;
use super::own;

/// The first segment of networks that clients make, and how many there are.
const SEGMENTS: [u16; 2] = [1000, 3000];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedNetwork {}

pub(super) fn network(world: &mut World, place: Place, _: WantedNetwork) -> Result<(Status, Body), Refusal> {
    world.afford(place, "nets", 1)?;
    let [first, count] = SEGMENTS;
    let segment = first + world.random.below(count.into()) as u16;
    Ok((Status::Carrying, Body::Network(Network { leads_out: false, usual: false, segment })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedSubnet {
    network: String,
    range: String,
    way_out: Option<Ipv4Addr>,
    tells_addresses: Option<bool>,
    resolvers: Option<Vec<Ipv4Addr>>,
}

pub(super) fn subnet(world: &World, place: Place, wanted: WantedSubnet) -> Result<(Status, Body), Refusal> {
    let network = own(world, place, Sort::Network, &wanted.network)?;
    let range = Range::parse(&wanted.range).ok_or_else(|| {
        Refusal::invalid(format!("{:?} is no range of inet addresses from /8 to /30", wanted.range))
    })?;
    world.afford(place, "ranges", 1)?;
    let mut others = world.shelf(place).after(None);
    let meets = |body: &Body| matches!(body, Body::Subnet(other) if other.network == network && other.range.meets(range));
    if others.any(|(_, record)| meets(&record.body)) {
        return Err(Refusal::conflict("the network has such addresses already"));
    }
    let mut body = Subnet::new(network, range);
    if let Some(way_out) = wanted.way_out {
        if !range.contains(way_out) {
            return Err(Refusal::invalid("the way out is not in the range"));
        }
        body.way_out = way_out;
    }
    body.tells = wanted.tells_addresses.unwrap_or(true);
    body.resolvers = wanted.resolvers.map(Vec::into_boxed_slice);
    Ok((Status::Kept, Body::Subnet(body)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedRouter {
    /// The network through which it leads out.
    gateway: Option<String>,
}

pub(super) fn router(
    world: &mut World,
    place: Place,
    wanted: WantedRouter,
) -> Result<(Status, Body), Refusal> {
    world.afford(place, "routers", 1)?;
    let outside = wanted.gateway.map(|network| outside(world, place, &network)).transpose()?;
    Ok((Status::Passing, Body::Router { outside, usual: false }))
}

/// An address for a router, in the network that it is to lead out through.
pub(in super::super) fn outside(world: &mut World, place: Place, network: &str) -> Result<Ipv4Addr, Refusal> {
    is_outside(world, place, network)?;
    world.outside_address(place).ok_or_else(|| Refusal::conflict("there are no outside addresses here"))
}

/// Refuses a network that does not lead out.
pub(super) fn is_outside(world: &World, place: Place, network: &str) -> Result<(), Refusal> {
    let published = Place { owner: Owner::Everybody, sort: Sort::Network, ..place };
    if own(world, published, Sort::Network, network).is_ok() {
        return Ok(());
    }
    own(world, place, Sort::Network, network)?;
    Err(Refusal::invalid("the network does not lead out"))
}

/// What stands in the way of removing one.
pub(super) fn removable(world: &World, place: Place, number: u64, body: &Body) -> Result<(), Refusal> {
    let mut subnets = world.shelf(Place { sort: Sort::Subnet, ..place }).after(None);
    let mut plugs = world.shelf(Place { sort: Sort::NetworkInterface, ..place }).after(None);
    let is_in = |body: &Body| match body {
        Body::RouterPlug { subnet, .. } => *subnet == number,
        Body::Plug(plug) => plug.addresses.iter().any(|(subnet, _)| *subnet == number),
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
            Err(Refusal::in_use("machines that nobody chose a network for have addresses in it"))
        }
        Body::Subnet(_) if plugs.any(|(_, record)| is_in(&record.body)) => {
            Err(Refusal::in_use("something is plugged into the subnet"))
        }
        Body::Router { .. } if world.ends_of(place, number).next().is_some() => {
            Err(Refusal::in_use("the router has interfaces"))
        }
        _ => Ok(()),
    }
}
