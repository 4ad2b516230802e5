//! Instances: the one kind of which there are so many that its document is written without detours.

use std::net::Ipv4Addr;

use gateway_core::Timestamp;
use serde::Serialize;

use super::super::body::{self, Body, InstanceType, Record};
use super::super::lifecycle::Status;
use super::super::shelf::{Owner, Place};
use super::super::sort::Sort;
use super::super::world::World;
use super::guard::Firewall;

#[derive(Serialize)]
pub(super) struct Instance<'a> {
    #[serde(rename = "type")]
    instance_type: TypeOfInstance<'a>,
    image: Option<String>,
    zone: String,
    addresses: Vec<Address>,
    key: Option<&'a str>,
    firewalls: Vec<Firewall<'a>>,
    disks: Vec<String>,
    plugs: Vec<String>,
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
    outside: bool,
}

impl World {
    pub(super) fn instance<'a>(
        &'a self,
        place: Place,
        number: u64,
        status: Status,
        instance: &'a body::Instance,
    ) -> Instance<'a> {
        Instance {
            instance_type: self.type_of_instance(place, instance.instance_type),
            image: instance.image.map(|image| Sort::Image.id(image)),
            zone: self.zone_of_instance(place, number, instance),
            addresses: self.addresses_of(place, instance),
            key: World::key_of_instance(number, instance),
            firewalls: self.firewalls(place, number, instance),
            disks: instance.disks.iter().map(|disk| Sort::Volume.id(*disk)).collect(),
            plugs: self.plugs_of(number, instance).map(|plug| Sort::NetworkInterface.id(plug)).collect(),
            booted: instance.booted,
            failure: (status == Status::Failed).then_some("no host took it"),
            locked: instance.chosen.as_ref().is_some_and(|chosen| chosen.locked),
        }
    }

    /// Inside and then outside, what follows it first.
    fn addresses_of(&self, place: Place, instance: &body::Instance) -> Vec<Address> {
        let chosen = instance.chosen.as_deref();
        let plugs = chosen.into_iter().flat_map(|chosen| &chosen.plugs);
        let inside = plugs.filter_map(|plug| self.plug_at(place, *plug)).flat_map(|plug| &plug.addresses);
        let bound = chosen.into_iter().flat_map(|chosen| &chosen.bound);
        let outside = bound.filter_map(|address| Some(self.address_at(place, *address)?.0));
        let inside = instance.inside.into_iter().chain(inside.map(|(_, ip)| *ip));
        let outside = instance.outside.into_iter().chain(outside);
        inside
            .map(|ip| Address { ip, outside: false })
            .chain(outside.map(|ip| Address { ip, outside: true }))
            .collect()
    }

    fn type_of_instance(&self, place: Place, number: u64) -> TypeOfInstance<'_> {
        let types = self.shelf(Place { owner: Owner::Everybody, sort: Sort::InstanceType, ..place });
        let (name, size) = match types.get(number) {
            Some(Record { name, body: Body::InstanceType(size), .. }) => (name.as_str(), *size),
            _ => ("", InstanceType { cores: 0, memory_mb: 0, disk_gb: 0 }),
        };
        TypeOfInstance {
            id: Sort::InstanceType.id(number),
            name,
            cores: size.cores,
            memory_mb: size.memory_mb,
            disk_gb: size.disk_gb,
        }
    }
}
