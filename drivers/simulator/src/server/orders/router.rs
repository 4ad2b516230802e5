//! What is ordered of routers.

use gateway_core::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::answer::Refusal;
use super::super::body::{Body, Record};
use super::super::lifecycle::Status;
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;
use super::super::write::{form, network, own};
use super::no_such_order;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    subnet: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    network: String,
}

pub(super) fn order(
    world: &mut World,
    place: Place,
    number: u64,
    word: &str,
    parameters: Map<String, Value>,
    now: Timestamp,
) -> Result<(), Refusal> {
    match word {
        "connect" => connect(world, place, number, &form(parameters)?, now)?,
        "disconnect" => disconnect(world, place, number, &form(parameters)?, now)?,
        "open" => {
            let open: Open = form(parameters)?;
            // Through the one network that leads out: what is open stays as it is.
            let is_open = gateway(world, place, number).is_some_and(|outside| outside.is_some());
            let outside = network::outside(world, place, &open.network)?;
            if let Some(gateway) = gateway(world, place, number).filter(|_| !is_open) {
                *gateway = Some(outside);
            }
        }
        "close" => {
            let subnets: Vec<u64> = world.ends_of(place, number).map(|(_, subnet)| subnet).collect();
            unreached(world, place, number, &subnets)?;
            if let Some(gateway) = gateway(world, place, number) {
                *gateway = None;
            }
        }
        _ => return Err(no_such_order()),
    }
    world.touch(place, number, now);
    Ok(())
}

fn gateway(world: &mut World, place: Place, number: u64) -> Option<&mut Option<std::net::Ipv4Addr>> {
    match &mut world.shelf_mut(place).get_mut(number)?.body {
        Body::Router { outside, .. } => Some(outside),
        _ => None,
    }
}

fn connect(world: &mut World, place: Place, number: u64, end: &End, now: Timestamp) -> Result<(), Refusal> {
    let subnet = own(world, place, Sort::Subnet, &end.subnet)?;
    let plugs = Place { sort: Sort::NetworkInterface, ..place };
    let has_end =
        |record: &Record| matches!(record.body, Body::RouterPlug { subnet: of, .. } if of == subnet);
    if world.shelf(plugs).after(None).any(|(_, record)| has_end(record)) {
        return Err(Refusal::in_use("the way out of the subnet is taken"));
    }
    let way_out = world.subnet(place, subnet).map(|subnet| subnet.way_out);
    let is_taken = |record: &Record| match &record.body {
        Body::Plug(plug) => plug.addresses.iter().any(|(of, ip)| *of == subnet && Some(*ip) == way_out),
        _ => false,
    };
    if world.shelf(plugs).after(None).any(|(_, record)| is_taken(record)) {
        return Err(Refusal::in_use("something has the address of the way out"));
    }
    world.afford(place, "plugs", 1)?;
    let body = Body::RouterPlug { router: number, subnet };
    let mut record = Record::new(String::new(), Status::Live, now, body);
    record.about = "an end of the router".into();
    world.create(plugs, record);
    Ok(())
}

fn disconnect(
    world: &mut World,
    place: Place,
    number: u64,
    end: &End,
    now: Timestamp,
) -> Result<(), Refusal> {
    let subnet = own(world, place, Sort::Subnet, &end.subnet)?;
    let plug = world.ends_of(place, number).find(|(_, of)| *of == subnet).map(|(plug, _)| plug);
    let plug = plug.ok_or_else(|| {
        Refusal::new(http::StatusCode::NOT_FOUND, "no_such_resource", "the router has no end there")
    })?;
    unreached(world, place, number, &[subnet])?;
    world.remove(Place { sort: Sort::NetworkInterface, ..place }, plug, now);
    Ok(())
}

/// Refuses while outside addresses lead through the router into one of the subnets.
fn unreached(world: &World, place: Place, router: u64, subnets: &[u64]) -> Result<(), Refusal> {
    let through = |subnet: u64| subnets.contains(&subnet) && world.way_out_of(place, subnet) == Some(router);
    let addresses = world.shelf(Place { sort: Sort::IpAddress, ..place }).after(None);
    let mut own = addresses.filter_map(|(_, record)| match record.body {
        Body::Address { leads_to: Some(to), .. } => world.subnet_of(place, to.plug, to.inside),
        _ => None,
    });
    let instances = world.shelf(Place { sort: Sort::Instance, ..place }).after(None);
    let mut following = instances.filter_map(|(_, record)| match &record.body {
        Body::Instance(instance) => {
            let inside = instance.outside.and(instance.inside)?;
            world.planned_subnet(place, inside).map(|(subnet, _)| subnet)
        }
        _ => None,
    });
    match own.any(through) || following.any(through) {
        true => Err(Refusal::in_use("outside addresses lead through the router")),
        false => Ok(()),
    }
}
