//! Documents of instances. There are so many that they serialize directly from a struct.

use std::net::Ipv4Addr;

use gateway_core::{Kind, Timestamp};
use serde::Serialize;

use crate::cloud::documents::security_group::Firewall;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::record::{Body, InstanceType, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, TableKey};
use crate::cloud::tables::{Tables, record};

#[derive(Serialize)]
pub(crate) struct Instance<'a> {
    #[serde(rename = "type")]
    instance_type: TypeOfInstance<'a>,
    image: Option<String>,
    zone: String,
    addresses: Vec<Address>,
    key: Option<&'a str>,
    firewalls: Vec<Firewall<'a>>,
    disks: Vec<String>,
    nics: Vec<String>,
    booted: Option<Timestamp>,
    failure: Option<&'static str>,
    locked: bool,
}

#[derive(Serialize)]
struct TypeOfInstance<'a> {
    id: String,
    name: &'a str,
    cores: u32,
    memory_mb: u64,
    disk_gb: u64,
}

#[derive(Serialize)]
struct Address {
    ip: Ipv4Addr,
    public: bool,
}

impl Tables {
    pub(crate) fn instance<'a>(
        &'a self,
        table: TableKey,
        number: u64,
        status: Status,
        instance: &'a record::Instance,
    ) -> Instance<'a> {
        Instance {
            instance_type: self.type_of_instance(table, instance.instance_type),
            image: instance.image.map(|image| Kind::Image.id(image)),
            zone: self.zone_of_instance(table, number, instance),
            addresses: self.addresses_of(table, instance),
            key: Tables::key_of_instance(number, instance),
            firewalls: self.firewalls(table, number, instance),
            disks: instance.disks.iter().map(|disk| Kind::Volume.id(*disk)).collect(),
            nics: self.nics_of(number, instance).map(|nic| Kind::NetworkInterface.id(nic)).collect(),
            booted: instance.booted,
            failure: (status == Status::Failed).then_some("no host has enough resources"),
            locked: instance.overrides.as_ref().is_some_and(|overrides| overrides.locked),
        }
    }

    /// Returns private and then public addresses, the derived one first.
    fn addresses_of(&self, table: TableKey, instance: &record::Instance) -> Vec<Address> {
        let overrides = instance.overrides.as_deref();
        let nics = overrides.into_iter().flat_map(|overrides| &overrides.nics);
        let private_ip = nics.filter_map(|nic| self.nic_at(table, *nic)).flat_map(|nic| &nic.addresses);
        let bound_addresses = overrides.into_iter().flat_map(|overrides| &overrides.bound_addresses);
        let public_ip = bound_addresses.filter_map(|address| Some(self.address_at(table, *address)?.0));
        let private_ip = instance.private_ip.into_iter().chain(private_ip.map(|(_, ip)| *ip));
        let public_ip = instance.public_ip.into_iter().chain(public_ip);
        private_ip
            .map(|ip| Address { ip, public: false })
            .chain(public_ip.map(|ip| Address { ip, public: true }))
            .collect()
    }

    fn type_of_instance(&self, table: TableKey, number: u64) -> TypeOfInstance<'_> {
        let types = self.records(TableKey { owner: Owner::Public, kind: Kind::InstanceType, ..table });
        let (name, size) = match types.get(number) {
            Some(Record { name, body: Body::InstanceType(size), .. }) => (name.as_str(), *size),
            _ => ("", InstanceType { cores: 0, memory_mb: 0, disk_gb: 0 }),
        };
        TypeOfInstance {
            id: Kind::InstanceType.id(number),
            name,
            cores: size.cores,
            memory_mb: size.memory_mb,
            disk_gb: size.disk_gb,
        }
    }
}
