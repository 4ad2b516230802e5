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

    pub(super) fn router(&self, place: Place, number: u64, outside: Option<Ipv4Addr>, usual: bool) -> Value {
        let gateway = outside.and_then(|ip| {
            let (subnet, body) = self.outside_subnet(place)?;
            Some(json!({
                "network": Sort::Network.id(body.network),
                "addresses": [{ "ip": ip, "subnet": Sort::Subnet.id(subnet) }],
                "masks": true,
            }))
        });
        let ends = self.ends_of(place, number).filter_map(|(plug, subnet)| {
            Some(json!({
                "subnet": Sort::Subnet.id(subnet),
                "plug": Sort::NetworkInterface.id(plug),
                "ip": self.subnet(place, subnet)?.way_out,
            }))
        });
        let out = json!({ "to": "0.0.0.0/0", "via": super::super::addresses::OUTSIDE.way_out() });
        json!({
            "on": true,
            "usual": usual,
            "gateway": gateway,
            "ends": ends.collect::<Vec<_>>(),
            "routes": outside.map(|_| out).into_iter().collect::<Vec<_>>(),
            "spread": false,
            "doubled": true,
        })
    }

    /// The subnet that outside addresses are in.
    pub(in super::super) fn outside_subnet(&self, place: Place) -> Option<(u64, &Subnet)> {
        let published = Place { owner: Owner::Everybody, sort: Sort::Subnet, ..place };
        let number = self.shelf(published).near(0)?;
        Some((number, self.subnet(published, number)?))
    }

    pub(in super::super) fn subnet(&self, place: Place, number: u64) -> Option<&Subnet> {
        match &self.shelf(Place { sort: Sort::Subnet, ..place }).get(number)?.body {
            Body::Subnet(subnet) => Some(subnet),
            _ => None,
        }
    }
}

pub(super) fn subnet(subnet: &Subnet) -> Value {
    let [first, last] = subnet.range.given_out();
    let resolvers = subnet.resolvers.clone().unwrap_or_else(|| Box::new([subnet.way_out]));
    json!({
        "network": Sort::Network.id(subnet.network),
        "range": subnet.range.to_string(),
        "family": "inet",
        "way_out": subnet.way_out,
        "tells_addresses": subnet.tells,
        "resolvers": resolvers,
        "given_out": [{ "from": first, "to": last }],
        "routes": [{ "to": "169.254.169.254/32", "via": subnet.way_out }],
        "outside_at_boot": false,
        "usual": subnet.usual,
    })
}
