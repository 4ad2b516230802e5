//! Outside addresses that clients take, and where they lead.

use std::net::Ipv4Addr;

use gateway_core::Timestamp;
use serde::Deserialize;

use super::super::answer::Refusal;
use super::super::body::{Body, LeadsTo, Record};
use super::super::lifecycle::Status;
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;
use super::{network::is_outside, own};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    network: Option<String>,
}

pub(super) fn first_form(world: &mut World, place: Place, wanted: Wanted) -> Result<(Status, Body), Refusal> {
    wanted.network.map(|network| is_outside(world, place, &network)).transpose()?;
    world.afford(place, "outside_addresses", 1)?;
    let ip = world.outside_address(place);
    let ip = ip.ok_or_else(|| Refusal::conflict("there are no outside addresses here"))?;
    Ok((Status::Spare, Body::Address { ip, leads_to: None }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedBinding {
    address: String,
    plug: Option<String>,
    /// To its first interface that a way leads to.
    machine: Option<String>,
    inside: Option<Ipv4Addr>,
}

/// Binds an address; the binding has the address's number.
pub(super) fn bind(
    world: &mut World,
    place: Place,
    wanted: WantedBinding,
    now: Timestamp,
) -> Result<u64, Refusal> {
    let number = own(world, place, Sort::IpAddress, &wanted.address)?;
    world.stand_address(place, number);
    if world.address_at(place, number).is_none_or(|(_, leads_to)| leads_to.is_some()) {
        return Err(Refusal::in_use("the address leads somewhere already"));
    }
    let plugs: Vec<u64> = match (wanted.plug, wanted.machine) {
        (Some(plug), None) => vec![own(world, place, Sort::NetworkInterface, &plug)?],
        (None, Some(machine)) => {
            let machine = own(world, place, Sort::Instance, &machine)?;
            let instance = world.instance_at(place, machine);
            instance.map(|instance| world.plugs_of(machine, instance).collect()).unwrap_or_default()
        }
        _ => return Err(Refusal::invalid("it is bound to either a plug or a machine")),
    };
    let places = plugs
        .iter()
        .flat_map(|plug| world.places_of(place, *plug).into_iter().map(|(subnet, ip)| (*plug, subnet, ip)));
    let wanted: Vec<_> =
        places.filter(|(_, _, ip)| wanted.inside.is_none_or(|inside| inside == *ip)).collect();
    if wanted.is_empty() {
        return Err(Refusal::invalid("there is no such address inside"));
    }
    let mut reached = wanted.iter().filter(|(_, subnet, _)| world.way_out_of(place, *subnet).is_some());
    let Some(&(plug, _, inside)) = reached.next() else {
        return Err(Refusal::conflict("no router leads there from outside"));
    };
    let follows = world.instance_at(place, plug).is_some_and(|instance| instance.outside.is_some());
    if follows || !world.bound_to(place, plug).is_empty() {
        return Err(Refusal::in_use("another address leads there"));
    }
    world.bind(place, number, LeadsTo { plug, inside }, now);
    let bindings = Place { sort: Sort::IpAddressBinding, ..place };
    world.shelf_mut(bindings).put(number, Record::new(String::new(), Status::Kept, now, Body::Binding));
    world.note(now, bindings, number, None, Some(Status::Kept));
    Ok(number)
}
