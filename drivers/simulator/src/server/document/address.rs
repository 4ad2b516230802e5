//! Outside addresses, and what they lead to.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::super::body::{Instance, LeadsTo};
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;

impl World {
    /// The outside address that follows an instance.
    pub(super) fn bound_address(&self, place: Place, number: u64, instance: &Instance) -> Value {
        let subnet = instance.inside.and_then(|ip| self.planned_subnet(place, ip));
        json!({
            "ip": instance.outside,
            "network": self.outside_network(place),
            "plug": Sort::NetworkInterface.id(number),
            "machine": Sort::Instance.id(number),
            "inside": instance.inside,
            "router": subnet.and_then(|(subnet, _)| self.router_to(place, subnet)),
            "called": instance.outside.map(|ip| self.called(place, ip)),
        })
    }

    /// An outside address of its own.
    pub(super) fn address(&self, place: Place, ip: Ipv4Addr, leads_to: Option<LeadsTo>) -> Value {
        let machine = leads_to.and_then(|to| self.holder_of(place, to.plug));
        let subnet = leads_to.and_then(|to| self.subnet_of(place, to.plug, to.inside));
        json!({
            "ip": ip,
            "network": self.outside_network(place),
            "plug": leads_to.map(|to| Sort::NetworkInterface.id(to.plug)),
            "machine": machine.map(|machine| Sort::Instance.id(machine)),
            "inside": leads_to.map(|to| to.inside),
            "router": subnet.and_then(|subnet| self.router_to(place, subnet)),
            "called": self.called(place, ip),
        })
    }

    /// That the address of a number leads somewhere.
    pub(super) fn binding(&self, place: Place, number: u64) -> Value {
        let address = self.address_at(place, number);
        let leads_to = address.and_then(|(_, leads_to)| leads_to);
        let machine = leads_to.and_then(|to| self.holder_of(place, to.plug));
        json!({
            "address": Sort::IpAddress.id(number),
            "ip": address.map(|(ip, _)| ip),
            "plug": leads_to.map(|to| Sort::NetworkInterface.id(to.plug)),
            "machine": machine.map(|machine| Sort::Instance.id(machine)),
            "inside": leads_to.map(|to| to.inside),
        })
    }

    fn router_to(&self, place: Place, subnet: u64) -> Option<String> {
        self.way_out_of(place, subnet).map(|router| Sort::Router.id(router))
    }

    fn outside_network(&self, place: Place) -> Option<String> {
        self.outside_subnet(place).map(|(_, subnet)| Sort::Network.id(subnet.network))
    }

    /// The name by which an address is found.
    fn called(&self, place: Place, ip: Ipv4Addr) -> String {
        let [a, b, c, d] = ip.octets();
        format!("o-{a}-{b}-{c}-{d}.{}.simulated.", self.regions[place.region])
    }
}

/// That the outside address of an instance leads to its interface.
pub(super) fn following_binding(number: u64, instance: &Instance) -> Value {
    json!({
        "address": Sort::IpAddress.id(number),
        "ip": instance.outside,
        "plug": Sort::NetworkInterface.id(number),
        "machine": Sort::Instance.id(number),
        "inside": instance.inside,
    })
}
