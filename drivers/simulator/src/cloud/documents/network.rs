//! Documents of networks, subnets and routers.

use std::net::Ipv4Addr;

use gateway_core::Kind;
use serde_json::{Value, json};

use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::range::PUBLIC;
use crate::cloud::tables::record::{Network, Subnet};
use crate::cloud::tables::table::TableKey;

impl Tables {
    pub(crate) fn network(&self, table: TableKey, network: &Network) -> Value {
        json!({
            "enabled": true,
            "external": network.external,
            "default": network.default,
            "mtu": if network.external { 1500 } else { 1450 },
            "encapsulation": if network.external { "flat" } else { "geneve" },
            "segment": network.segment,
            "filtered": !network.external,
            "domain": format!("{}.simulated.", self.regions[table.region]),
            "zones": self.zones(table),
        })
    }

    pub(crate) fn router(
        &self,
        table: TableKey,
        number: u64,
        public_ip: Option<Ipv4Addr>,
        default: bool,
    ) -> Value {
        let gateway = public_ip.and_then(|ip| {
            let (subnet, body) = self.external_subnet(table)?;
            Some(json!({
                "network": Kind::Network.id(body.network),
                "addresses": [{ "ip": ip, "subnet": Kind::Subnet.id(subnet) }],
                "nat": true,
            }))
        });
        let interfaces = self.router_interfaces(table, number).filter_map(|(nic, subnet)| {
            Some(json!({
                "subnet": Kind::Subnet.id(subnet),
                "nic": Kind::NetworkInterface.id(nic),
                "ip": self.subnet(table, subnet)?.gateway,
            }))
        });
        let out = json!({ "to": "0.0.0.0/0", "via": PUBLIC.gateway() });
        json!({
            "enabled": true,
            "default": default,
            "gateway": gateway,
            "interfaces": interfaces.collect::<Vec<_>>(),
            "routes": public_ip.map(|_| out).into_iter().collect::<Vec<_>>(),
            "distributed": false,
            "redundant": true,
        })
    }
}

pub(crate) fn subnet(subnet: &Subnet) -> Value {
    let [first, last] = subnet.range.pool();
    let resolvers = subnet.resolvers.clone().unwrap_or_else(|| Box::new([subnet.gateway]));
    json!({
        "network": Kind::Network.id(subnet.network),
        "range": subnet.range.to_string(),
        "family": "inet",
        "gateway": subnet.gateway,
        "dhcp": subnet.dhcp,
        "resolvers": resolvers,
        "pools": [{ "from": first, "to": last }],
        "routes": [{ "to": "169.254.169.254/32", "via": subnet.gateway }],
        "public_ip_at_boot": false,
        "default": subnet.default,
    })
}
