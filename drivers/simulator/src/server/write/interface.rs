//! Interfaces that clients make, alone or with an instance.

use std::net::Ipv4Addr;

use gateway_core::Timestamp;
use serde::Deserialize;

use super::super::answer::Refusal;
use super::super::body::{Body, Plug, Record};
use super::super::lifecycle::Status;
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;
use super::instance::firewalls;
use super::own;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    network: String,
    /// One of the cloud's choice when there is none.
    #[serde(default)]
    addresses: Vec<WantedAddress>,
    firewalls: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedAddress {
    subnet: String,
    ip: Option<Ipv4Addr>,
}

pub(super) fn first_form(world: &mut World, place: Place, wanted: Wanted) -> Result<(Status, Body), Refusal> {
    let network = own(world, place, Sort::Network, &wanted.network)?;
    let firewalls = firewalls(world, place, wanted.firewalls)?;
    world.afford(place, "plugs", 1)?;
    let mut addresses: Vec<(u64, Ipv4Addr)> = Vec::new();
    for address in wanted.addresses {
        let subnet = own(world, place, Sort::Subnet, &address.subnet)?;
        if world.subnet(place, subnet).is_none_or(|subnet| subnet.network != network) {
            return Err(Refusal::invalid("the subnet is of another network"));
        }
        addresses.push((subnet, address_in(world, place, subnet, address.ip)?));
    }
    if addresses.is_empty() {
        let subnet = first_subnet(world, place, network)?;
        addresses.push((subnet, address_in(world, place, subnet, None)?));
    }
    let plug = Plug { network, addresses, holder: None, firewalls, goes: false };
    Ok((Status::Dark, Body::Plug(Box::new(plug))))
}

/// Makes an interface that ends with the instance that it is made for.
pub(super) fn with_instance(
    world: &mut World,
    place: Place,
    subnet: u64,
    firewalls: &[u64],
    now: Timestamp,
) -> Result<u64, Refusal> {
    let network = world.subnet(place, subnet).ok_or_else(Refusal::no_resource)?.network;
    world.afford(place, "plugs", 1)?;
    let addresses = vec![(subnet, address_in(world, place, subnet, None)?)];
    let plug = Plug { network, addresses, holder: None, firewalls: firewalls.to_vec(), goes: true };
    let record = Record::new(String::new(), Status::Dark, now, Body::Plug(Box::new(plug)));
    Ok(world.create(Place { sort: Sort::NetworkInterface, ..place }, record))
}

/// The subnet of a network that addresses are taken from when nobody says.
pub(super) fn first_subnet(world: &World, place: Place, network: u64) -> Result<u64, Refusal> {
    let mut subnets = world.shelf(Place { sort: Sort::Subnet, ..place }).after(None);
    let of = |body: &Body| matches!(body, Body::Subnet(subnet) if subnet.network == network);
    let first = subnets.find(|(_, record)| of(&record.body)).map(|(number, _)| number);
    first.ok_or_else(|| Refusal::conflict("the network has no subnet to take an address from"))
}

/// An address of a subnet that nothing has: the wanted one, or any.
fn address_in(
    world: &mut World,
    place: Place,
    number: u64,
    wanted: Option<Ipv4Addr>,
) -> Result<Ipv4Addr, Refusal> {
    let subnet = world.subnet(place, number).ok_or_else(Refusal::no_resource)?;
    let (range, planned, mut given) = (subnet.range, subnet.planned, subnet.given);
    if let Some(ip) = wanted {
        let [first, last] = range.given_out();
        return match (first..=last).contains(&ip) {
            false => Err(Refusal::invalid("the address is not given out there")),
            true if is_taken(world, place, number, ip) => Err(Refusal::in_use("something has the address")),
            true => Ok(ip),
        };
    }
    for _ in 0..range.size() {
        let ip = match planned {
            true => world.inside_address(place),
            false => range.nth(given),
        };
        given += 1;
        if range.contains(ip) && !is_taken(world, place, number, ip) {
            let record = world.shelf_mut(Place { sort: Sort::Subnet, ..place }).get_mut(number);
            if let Some(Record { body: Body::Subnet(subnet), .. }) = record {
                subnet.given = given;
            }
            return Ok(ip);
        }
    }
    Err(Refusal::conflict("the subnet has no address left"))
}

fn is_taken(world: &World, place: Place, subnet: u64, ip: Ipv4Addr) -> bool {
    let mut plugs = world.shelf(Place { sort: Sort::NetworkInterface, ..place }).after(None);
    let mut instances = world.shelf(Place { sort: Sort::Instance, ..place }).after(None);
    let of_instance = |body: &Body| matches!(body, Body::Instance(instance) if instance.inside == Some(ip));
    let is_planned = world.subnet(place, subnet).is_some_and(|subnet| subnet.planned);
    let way_out = |subnet| world.subnet(place, subnet).map(|subnet| subnet.way_out);
    let of_plug = |body: &Body| match body {
        Body::Plug(plug) => plug.addresses.contains(&(subnet, ip)),
        Body::RouterPlug { subnet: of, .. } => *of == subnet && way_out(subnet) == Some(ip),
        _ => false,
    };
    plugs.any(|(_, record)| of_plug(&record.body))
        || (is_planned && instances.any(|(_, record)| of_instance(&record.body)))
}

/// Names the groups of an interface anew; those of an instance's are the instance's.
pub(super) fn set_firewalls(
    world: &mut World,
    place: Place,
    number: u64,
    ids: Vec<String>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let groups = firewalls(world, place, Some(ids))?;
    let holder = world.holder_of(place, number);
    let plug = world.plug_at_mut(place, number).ok_or_else(|| Refusal::conflict("routers have no groups"))?;
    plug.firewalls.clone_from(&groups);
    let Some(holder) = holder else { return Ok(()) };
    let slots = world.instance_at(place, holder).map(|instance| world.plugs_of(holder, instance).next());
    if slots == Some(Some(number))
        && let Some(chosen) = world.choose(place, holder)
    {
        chosen.firewalls = groups;
        world.touch(Place { sort: Sort::Instance, ..place }, holder, now);
    }
    Ok(())
}

/// What stands in the way of removing one.
pub(super) fn removable(world: &World, place: Place, number: u64, body: &Body) -> Result<(), Refusal> {
    match body {
        Body::Plug(plug) if plug.holder.is_some() => Err(Refusal::in_use("a machine has the interface")),
        Body::RouterPlug { .. } => Err(Refusal::in_use("a router has the interface")),
        _ if !world.bound_to(place, number).is_empty() => {
            Err(Refusal::in_use("an outside address leads to it"))
        }
        _ => Ok(()),
    }
}
