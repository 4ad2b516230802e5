//! What is plugged into networks: as many as instances, and so written without detours.

use std::net::Ipv4Addr;

use serde::Serialize;

use super::super::body::{self, Body, Instance};
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;
use super::guard::Firewall;

#[derive(Serialize)]
pub(super) struct Plug<'a> {
    network: Option<String>,
    addresses: Vec<Address>,
    hardware: String,
    on: bool,
    holder: Holder,
    slot: Option<usize>,
    firewalls: Vec<Firewall<'a>>,
    guarded: bool,
    goes_with_holder: bool,
    zone: Option<String>,
}

#[derive(Serialize)]
struct Address {
    ip: Option<Ipv4Addr>,
    subnet: Option<String>,
}

#[derive(Serialize)]
struct Holder {
    kind: &'static str,
    id: Option<String>,
}

impl World {
    /// The interface that follows an instance: where its inside address is.
    pub(super) fn instance_plug(&self, place: Place, number: u64, instance: &Instance) -> Plug<'_> {
        let (subnet, network) = instance.inside.and_then(|ip| self.planned_subnet(place, ip)).unzip();
        Plug {
            network: network.map(|network| Sort::Network.id(network)),
            addresses: vec![Address {
                ip: instance.inside,
                subnet: subnet.map(|subnet| Sort::Subnet.id(subnet)),
            }],
            hardware: hardware(number),
            on: true,
            holder: Holder { kind: "machine", id: Some(Sort::Instance.id(number)) },
            slot: Some(0),
            firewalls: self.firewalls(place, number, instance),
            guarded: true,
            goes_with_holder: true,
            zone: Some(self.zone_of_instance(place, number, instance)),
        }
    }

    /// The subnet and network of an address that was given by plan.
    pub(in super::super) fn planned_subnet(&self, place: Place, ip: Ipv4Addr) -> Option<(u64, u64)> {
        let mut subnets = self.shelf(Place { sort: Sort::Subnet, ..place }).after(None);
        subnets.find_map(|(subnet, record)| match &record.body {
            Body::Subnet(body) if body.planned && body.range.contains(ip) => Some((subnet, body.network)),
            _ => None,
        })
    }

    /// An interface of its own.
    pub(super) fn plug(&self, place: Place, number: u64, plug: &body::Plug) -> Plug<'_> {
        let holder = plug.holder.and_then(|holder| Some((holder, self.instance_at(place, holder)?)));
        let slot = holder
            .and_then(|(holder, instance)| self.plugs_of(holder, instance).position(|plug| plug == number));
        let address = |(subnet, ip): &(u64, Ipv4Addr)| Address {
            ip: Some(*ip),
            subnet: Some(Sort::Subnet.id(*subnet)),
        };
        Plug {
            network: Some(Sort::Network.id(plug.network)),
            addresses: plug.addresses.iter().map(address).collect(),
            hardware: hardware(number),
            on: true,
            holder: Holder {
                kind: if plug.holder.is_some() { "machine" } else { "nobody" },
                id: plug.holder.map(|holder| Sort::Instance.id(holder)),
            },
            slot,
            firewalls: self.groups(place, &plug.firewalls),
            guarded: true,
            goes_with_holder: plug.goes,
            zone: holder.map(|(holder, instance)| self.zone_of_instance(place, holder, instance)),
        }
    }

    /// The interface of a router in one subnet.
    pub(super) fn router_plug(&self, place: Place, number: u64, router: u64, subnet: u64) -> Plug<'_> {
        let body = self.subnet(place, subnet);
        Plug {
            network: body.map(|body| Sort::Network.id(body.network)),
            addresses: vec![Address {
                ip: body.map(|body| body.way_out),
                subnet: Some(Sort::Subnet.id(subnet)),
            }],
            hardware: hardware(number),
            on: true,
            holder: Holder { kind: "router", id: Some(Sort::Router.id(router)) },
            slot: None,
            firewalls: Vec::new(),
            guarded: false,
            goes_with_holder: true,
            zone: None,
        }
    }
}

/// A hardware address of the locally administered ones.
fn hardware(number: u64) -> String {
    let [.., b, c, d, e, f] = number.to_be_bytes();
    format!("02:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}
