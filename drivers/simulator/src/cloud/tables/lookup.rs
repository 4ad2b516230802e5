//! Lookups of typed records, and of the relations between them.

use std::net::Ipv4Addr;

use gateway_core::Kind;

use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{AddressTarget, Body, Instance, Nic, Record, Subnet, Volume};
use crate::cloud::tables::table::{Owner, TableKey};

impl Tables {
    /// Returns the instance of that number.
    pub(crate) fn instance_at(&self, table: TableKey, number: u64) -> Option<&Instance> {
        match &self.records(TableKey { kind: Kind::Instance, ..table }).get(number)?.body {
            Body::Instance(instance) => Some(instance),
            _ => None,
        }
    }

    pub(crate) fn instance_at_mut(&mut self, table: TableKey, number: u64) -> Option<&mut Instance> {
        match &mut self.records_mut(TableKey { kind: Kind::Instance, ..table }).get_mut(number)?.body {
            Body::Instance(instance) => Some(instance),
            _ => None,
        }
    }

    /// Returns the volume of that number.
    pub(crate) fn volume_at(&self, table: TableKey, number: u64) -> Option<&Volume> {
        match &self.records(TableKey { kind: Kind::Volume, ..table }).get(number)?.body {
            Body::Volume(volume) => Some(volume),
            _ => None,
        }
    }

    pub(crate) fn volume_at_mut(&mut self, table: TableKey, number: u64) -> Option<&mut Volume> {
        match &mut self.records_mut(TableKey { kind: Kind::Volume, ..table }).get_mut(number)?.body {
            Body::Volume(volume) => Some(volume),
            _ => None,
        }
    }

    /// Returns the stored interface of that number.
    pub(crate) fn nic_at(&self, table: TableKey, number: u64) -> Option<&Nic> {
        match &self.records(TableKey { kind: Kind::NetworkInterface, ..table }).get(number)?.body {
            Body::Nic(nic) => Some(nic),
            _ => None,
        }
    }

    pub(crate) fn nic_at_mut(&mut self, table: TableKey, number: u64) -> Option<&mut Nic> {
        match &mut self.records_mut(TableKey { kind: Kind::NetworkInterface, ..table }).get_mut(number)?.body
        {
            Body::Nic(nic) => Some(nic),
            _ => None,
        }
    }

    /// Returns the stored public address of that number, and its target.
    pub(crate) fn address_at(
        &self,
        table: TableKey,
        number: u64,
    ) -> Option<(Ipv4Addr, Option<AddressTarget>)> {
        match self.records(TableKey { kind: Kind::IpAddress, ..table }).get(number)?.body {
            Body::Address { ip, target } => Some((ip, target)),
            _ => None,
        }
    }

    /// Returns the interfaces of an instance in the order of their slots: the derived one is first.
    pub(crate) fn nics_of(&self, number: u64, instance: &Instance) -> impl Iterator<Item = u64> {
        let overrides = instance.overrides.iter().flat_map(|overrides| overrides.nics.iter().copied());
        instance.private_ip.map(|_| number).into_iter().chain(overrides)
    }

    /// Returns the instance that holds an interface.
    pub(crate) fn holder_of(&self, table: TableKey, nic: u64) -> Option<u64> {
        match self.nic_at(table, nic) {
            Some(nic) => nic.holder,
            None => self.instance_at(table, nic)?.private_ip.map(|_| nic),
        }
    }

    /// Returns the addresses of an interface, each with its subnet.
    pub(crate) fn nic_addresses(&self, table: TableKey, nic: u64) -> Vec<(u64, Ipv4Addr)> {
        if let Some(nic) = self.nic_at(table, nic) {
            return nic.addresses.clone();
        }
        let private_ip = self.instance_at(table, nic).and_then(|instance| instance.private_ip);
        let found = private_ip.and_then(|ip| Some((self.planned_subnet(table, ip)?.0, ip)));
        found.into_iter().collect()
    }

    /// Returns the subnet of an address of an interface.
    pub(crate) fn subnet_of(&self, table: TableKey, nic: u64, private_ip: Ipv4Addr) -> Option<u64> {
        let places = self.nic_addresses(table, nic);
        places.into_iter().find(|(_, ip)| *ip == private_ip).map(|(subnet, _)| subnet)
    }

    /// Returns the interfaces of a router, each with its subnet.
    pub(crate) fn router_interfaces(&self, table: TableKey, router: u64) -> impl Iterator<Item = (u64, u64)> {
        let nics = self.records(TableKey { kind: Kind::NetworkInterface, ..table }).after(None);
        nics.filter_map(move |(nic, record)| match record.body {
            Body::RouterNic { router: of, subnet } if of == router => Some((nic, subnet)),
            _ => None,
        })
    }

    /// Returns the router that connects a subnet to the external network.
    pub(crate) fn gateway_router_of(&self, table: TableKey, subnet: u64) -> Option<u64> {
        let mut routers = self.records(TableKey { kind: Kind::Router, ..table }).after(None);
        let external = |router: u64, record: &Record| {
            matches!(record.body, Body::Router { public_ip: Some(_), .. })
                && self.router_interfaces(table, router).any(|(_, of)| of == subnet)
        };
        routers.find(|(router, record)| external(*router, record)).map(|(router, _)| router)
    }

    /// Returns the subnet and network of a planned address.
    pub(crate) fn planned_subnet(&self, table: TableKey, ip: Ipv4Addr) -> Option<(u64, u64)> {
        let mut subnets = self.records(TableKey { kind: Kind::Subnet, ..table }).after(None);
        subnets.find_map(|(subnet, record)| match &record.body {
            Body::Subnet(body) if body.planned && body.range.contains(ip) => Some((subnet, body.network)),
            _ => None,
        })
    }

    /// Returns the subnet of the public addresses.
    pub(crate) fn external_subnet(&self, table: TableKey) -> Option<(u64, &Subnet)> {
        let published = TableKey { owner: Owner::Public, kind: Kind::Subnet, ..table };
        let number = self.records(published).nearest(0)?;
        Some((number, self.subnet(published, number)?))
    }

    /// Returns the subnet of that number.
    pub(crate) fn subnet(&self, table: TableKey, number: u64) -> Option<&Subnet> {
        match &self.records(TableKey { kind: Kind::Subnet, ..table }).get(number)?.body {
            Body::Subnet(subnet) => Some(subnet),
            _ => None,
        }
    }

    /// Returns the stored public addresses that are bound to an interface.
    pub(crate) fn bound_to(&self, table: TableKey, nic: u64) -> Vec<u64> {
        let addresses = self.records(TableKey { kind: Kind::IpAddress, ..table }).after(None);
        let leads =
            |record: &Record| matches!(record.body, Body::Address { target: Some(to), .. } if to.nic == nic);
        addresses.filter(|(_, record)| leads(record)).map(|(number, _)| number).collect()
    }
}
