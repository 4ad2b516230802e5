//! What is plugged into networks: as many as instances, and so written without detours.

use std::net::Ipv4Addr;

use serde::Serialize;

use super::super::body::{Body, Instance};
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;
use super::guard::Firewall;

#[derive(Serialize)]
pub(super) struct Plug<'a> {
    network: Option<String>,
    addresses: [Address; 1],
    hardware: String,
    on: bool,
    holder: Holder,
    slot: Option<u32>,
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
    /// The interface of an instance: where its inside address is.
    pub(super) fn instance_plug(&self, place: Place, number: u64, instance: &Instance) -> Plug<'_> {
        let mut subnets = self.shelf(Place { sort: Sort::Subnet, ..place }).after(None);
        let found = subnets.find_map(|(subnet, record)| match record.body {
            Body::Subnet(body) if body.range.contains(instance.inside) => Some((subnet, body.network)),
            _ => None,
        });
        let (subnet, network) = found.unzip();
        Plug {
            network: network.map(|network| Sort::Network.id(network)),
            addresses: [Address {
                ip: Some(instance.inside),
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

    /// The interface of the account's router in one subnet.
    pub(super) fn router_plug(&self, place: Place, number: u64, subnet: u64) -> Plug<'_> {
        let body = self.subnet(place, subnet);
        Plug {
            network: body.map(|body| Sort::Network.id(body.network)),
            addresses: [Address {
                ip: body.map(|body| body.range.way_out()),
                subnet: Some(Sort::Subnet.id(subnet)),
            }],
            hardware: hardware(number),
            on: true,
            holder: Holder { kind: "router", id: self.router_of(place) },
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
