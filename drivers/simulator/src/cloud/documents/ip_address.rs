//! Documents of public addresses and bindings.

use std::net::Ipv4Addr;

use gateway_core::Kind;
use serde_json::{Value, json};

use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::record::{AddressTarget, Instance};
use crate::cloud::tables::table::TableKey;

impl Tables {
    /// Returns the document of the derived address of an instance.
    pub(crate) fn bound_address(&self, table: TableKey, number: u64, instance: &Instance) -> Value {
        let subnet = instance.private_ip.and_then(|ip| self.planned_subnet(table, ip));
        json!({
            "ip": instance.public_ip,
            "network": self.external_network(table),
            "nic": Kind::NetworkInterface.id(number),
            "machine": Kind::Instance.id(number),
            "private_ip": instance.private_ip,
            "router": subnet.and_then(|(subnet, _)| self.router_to(table, subnet)),
            "hostname": instance.public_ip.map(|ip| self.hostname(table, ip)),
        })
    }

    /// Returns the document of a stored address.
    pub(crate) fn address(&self, table: TableKey, ip: Ipv4Addr, target: Option<AddressTarget>) -> Value {
        let machine = target.and_then(|to| self.holder_of(table, to.nic));
        let subnet = target.and_then(|to| self.subnet_of(table, to.nic, to.private_ip));
        json!({
            "ip": ip,
            "network": self.external_network(table),
            "nic": target.map(|to| Kind::NetworkInterface.id(to.nic)),
            "machine": machine.map(|machine| Kind::Instance.id(machine)),
            "private_ip": target.map(|to| to.private_ip),
            "router": subnet.and_then(|subnet| self.router_to(table, subnet)),
            "hostname": self.hostname(table, ip),
        })
    }

    /// Returns the document of the binding of a stored address.
    pub(crate) fn binding(&self, table: TableKey, number: u64) -> Value {
        let address = self.address_at(table, number);
        let target = address.and_then(|(_, target)| target);
        let machine = target.and_then(|to| self.holder_of(table, to.nic));
        json!({
            "address": Kind::IpAddress.id(number),
            "ip": address.map(|(ip, _)| ip),
            "nic": target.map(|to| Kind::NetworkInterface.id(to.nic)),
            "machine": machine.map(|machine| Kind::Instance.id(machine)),
            "private_ip": target.map(|to| to.private_ip),
        })
    }

    fn router_to(&self, table: TableKey, subnet: u64) -> Option<String> {
        self.gateway_router_of(table, subnet).map(|router| Kind::Router.id(router))
    }

    fn external_network(&self, table: TableKey) -> Option<String> {
        self.external_subnet(table).map(|(_, subnet)| Kind::Network.id(subnet.network))
    }

    /// Returns the DNS name of an address.
    fn hostname(&self, table: TableKey, ip: Ipv4Addr) -> String {
        let [a, b, c, d] = ip.octets();
        format!("o-{a}-{b}-{c}-{d}.{}.simulated.", self.regions[table.region])
    }
}

/// Returns the document of the binding of a derived address.
pub(crate) fn derived_binding(number: u64, instance: &Instance) -> Value {
    json!({
        "address": Kind::IpAddress.id(number),
        "ip": instance.public_ip,
        "nic": Kind::NetworkInterface.id(number),
        "machine": Kind::Instance.id(number),
        "private_ip": instance.private_ip,
    })
}
