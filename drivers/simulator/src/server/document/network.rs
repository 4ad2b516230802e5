//! Networks, and what divides and connects them.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::super::body::{Body, Network, Subnet};
use super::super::shelf::{Owner, Place};
use super::super::sort::Sort;
use super::super::world::World;

impl World {
    pub(super) fn network(&self, place: Place, network: &Network) -> Value {
        json!({
            "on": true,
            "leads_out": network.leads_out,
            "usual": network.usual,
            "packet_bytes": if network.leads_out { 1500 } else { 1450 },
            "carrier": if network.leads_out { "flat" } else { "geneve" },
            "segment": network.segment,
            "guarded": !network.leads_out,
            "domain": format!("{}.simulated.", self.regions[place.region]),
            "zones": self.zones(place),
        })
    }

    pub(super) fn router(&self, place: Place, outside: Ipv4Addr) -> Value {
        let gateway = self.outside_subnet(place).map(|(number, subnet)| {
            json!({
                "network": Sort::Network.id(subnet.network),
                "addresses": [{ "ip": outside, "subnet": Sort::Subnet.id(number) }],
                "masks": true,
            })
        });
        let plugs = self.shelf(Place { sort: Sort::NetworkInterface, ..place }).after(None);
        let ends = plugs.filter_map(|(plug, record)| match record.body {
            Body::RouterPlug { subnet } => Some(json!({
                "subnet": Sort::Subnet.id(subnet),
                "plug": Sort::NetworkInterface.id(plug),
                "ip": self.subnet(place, subnet)?.range.way_out(),
            })),
            _ => None,
        });
        json!({
            "on": true,
            "usual": true,
            "gateway": gateway,
            "ends": ends.collect::<Vec<_>>(),
            "routes": [{ "to": "0.0.0.0/0", "via": super::super::addresses::OUTSIDE.way_out() }],
            "spread": false,
            "doubled": true,
        })
    }

    /// The id of the account's router in the region.
    pub(super) fn router_of(&self, place: Place) -> Option<String> {
        self.shelf(Place { sort: Sort::Router, ..place }).near(0).map(|number| Sort::Router.id(number))
    }

    /// The subnet that outside addresses are in.
    pub(super) fn outside_subnet(&self, place: Place) -> Option<(u64, Subnet)> {
        let published = Place { owner: Owner::Everybody, sort: Sort::Subnet, ..place };
        let number = self.shelf(published).near(0)?;
        Some((number, self.subnet(published, number)?))
    }

    pub(super) fn subnet(&self, place: Place, number: u64) -> Option<Subnet> {
        match self.shelf(Place { sort: Sort::Subnet, ..place }).get(number)?.body {
            Body::Subnet(subnet) => Some(subnet),
            _ => None,
        }
    }
}

pub(super) fn subnet(subnet: &Subnet) -> Value {
    let [first, last] = subnet.range.given_out();
    let way_out = subnet.range.way_out();
    json!({
        "network": Sort::Network.id(subnet.network),
        "range": subnet.range.to_string(),
        "family": "inet",
        "way_out": way_out,
        "tells_addresses": true,
        "resolvers": [way_out],
        "given_out": [{ "from": first, "to": last }],
        "routes": [{ "to": "169.254.169.254/32", "via": way_out }],
        "outside_at_boot": false,
        "usual": subnet.usual,
    })
}
