//! Documents of interfaces. There are as many as instances, so they serialize directly from a struct.

use std::net::Ipv4Addr;

use gateway_core::Kind;
use serde::Serialize;

use crate::cloud::documents::security_group::Firewall;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::record::Instance;
use crate::cloud::tables::table::TableKey;
use crate::cloud::tables::{Tables, record};

#[derive(Serialize)]
pub(crate) struct Nic<'a> {
    network: Option<String>,
    addresses: Vec<Address>,
    mac: String,
    enabled: bool,
    holder: Holder,
    slot: Option<usize>,
    firewalls: Vec<Firewall<'a>>,
    filtered: bool,
    delete_with_holder: bool,
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

impl Tables {
    /// Returns the document of the derived interface of an instance.
    pub(crate) fn instance_nic(&self, table: TableKey, number: u64, instance: &Instance) -> Nic<'_> {
        let (subnet, network) = instance.private_ip.and_then(|ip| self.planned_subnet(table, ip)).unzip();
        Nic {
            network: network.map(|network| Kind::Network.id(network)),
            addresses: vec![Address {
                ip: instance.private_ip,
                subnet: subnet.map(|subnet| Kind::Subnet.id(subnet)),
            }],
            mac: mac(number),
            enabled: true,
            holder: Holder { kind: "machine", id: Some(Kind::Instance.id(number)) },
            slot: Some(0),
            firewalls: self.firewalls(table, number, instance),
            filtered: true,
            delete_with_holder: true,
            zone: Some(self.zone_of_instance(table, number, instance)),
        }
    }

    /// Returns the document of a stored interface.
    pub(crate) fn nic(&self, table: TableKey, number: u64, nic: &record::Nic) -> Nic<'_> {
        let holder = nic.holder.and_then(|holder| Some((holder, self.instance_at(table, holder)?)));
        let slot = holder
            .and_then(|(holder, instance)| self.nics_of(holder, instance).position(|nic| nic == number));
        let address = |(subnet, ip): &(u64, Ipv4Addr)| Address {
            ip: Some(*ip),
            subnet: Some(Kind::Subnet.id(*subnet)),
        };
        Nic {
            network: Some(Kind::Network.id(nic.network)),
            addresses: nic.addresses.iter().map(address).collect(),
            mac: mac(number),
            enabled: true,
            holder: Holder {
                kind: if nic.holder.is_some() { "machine" } else { "none" },
                id: nic.holder.map(|holder| Kind::Instance.id(holder)),
            },
            slot,
            firewalls: self.groups(table, &nic.firewalls),
            filtered: true,
            delete_with_holder: nic.delete_with_holder,
            zone: holder.map(|(holder, instance)| self.zone_of_instance(table, holder, instance)),
        }
    }

    /// Returns the document of the interface of a router in a subnet.
    pub(crate) fn router_nic(&self, table: TableKey, number: u64, router: u64, subnet: u64) -> Nic<'_> {
        let body = self.subnet(table, subnet);
        Nic {
            network: body.map(|body| Kind::Network.id(body.network)),
            addresses: vec![Address {
                ip: body.map(|body| body.gateway),
                subnet: Some(Kind::Subnet.id(subnet)),
            }],
            mac: mac(number),
            enabled: true,
            holder: Holder { kind: "router", id: Some(Kind::Router.id(router)) },
            slot: None,
            firewalls: Vec::new(),
            filtered: false,
            delete_with_holder: true,
            zone: None,
        }
    }
}

/// Returns a locally administered MAC address.
fn mac(number: u64) -> String {
    let [.., b, c, d, e, f] = number.to_be_bytes();
    format!("02:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}
