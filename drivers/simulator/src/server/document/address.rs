//! Outside addresses, and what they lead to.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::super::body::Instance;
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;

impl World {
    /// The outside address of an instance.
    pub(super) fn bound_address(&self, place: Place, number: u64, instance: &Instance) -> Value {
        json!({
            "ip": instance.outside,
            "network": self.outside_network(place),
            "plug": Sort::NetworkInterface.id(number),
            "machine": Sort::Instance.id(number),
            "inside": instance.inside,
            "router": self.router_of(place),
            "called": instance.outside.map(|ip| self.called(place, ip)),
        })
    }

    pub(super) fn spare_address(&self, place: Place, ip: Ipv4Addr) -> Value {
        json!({
            "ip": ip,
            "network": self.outside_network(place),
            "plug": null,
            "machine": null,
            "inside": null,
            "router": null,
            "called": self.called(place, ip),
        })
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
pub(super) fn binding(number: u64, instance: &Instance) -> Value {
    json!({
        "address": Sort::IpAddress.id(number),
        "ip": instance.outside,
        "plug": Sort::NetworkInterface.id(number),
        "machine": Sort::Instance.id(number),
        "inside": instance.inside,
    })
}
