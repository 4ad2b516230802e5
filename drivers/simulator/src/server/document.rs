//! Records as the cloud shows them: complete, in its own words.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use gateway_core::Timestamp;
use serde::Serialize;

use super::body::{Body, InstanceType, Record, Sort};
use super::lifecycle::Status;
use super::shelf::{Owner, Place};
use super::world::World;

#[derive(Serialize)]
pub(super) struct Document<'a> {
    kind: &'static str,
    id: String,
    name: &'a str,
    status: &'static str,
    owner: Option<&'a str>,
    public: bool,
    created: Timestamp,
    changed: Timestamp,
    labels: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    own: Own<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Own<'a> {
    Instance {
        #[serde(rename = "type")]
        instance_type: TypeOfInstance<'a>,
        image: String,
        zone: String,
        addresses: Vec<Address>,
        key: Option<&'static str>,
        firewalls: [&'static str; 1],
        disks: Vec<String>,
        booted: Option<Timestamp>,
        failure: Option<&'static str>,
    },
    InstanceType {
        cores: u32,
        memory_mb: u64,
        disk_gb: u64,
        architecture: &'static str,
    },
    Image {
        bytes: u64,
        format: &'static str,
        system: &'static str,
        architecture: &'static str,
        needs_disk_gb: u64,
        locked: bool,
    },
    Volume {
        size_gb: u64,
        class: &'static str,
        zone: String,
        encrypted: bool,
        attached_to: Option<String>,
        device: Option<&'static str>,
    },
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
    /// The document of one record; `accounts` are the accounts' ids by number.
    pub(super) fn document<'a>(
        &'a self,
        place: Place,
        number: u64,
        record: &'a Record,
        accounts: &'a [String],
    ) -> Document<'a> {
        let owner = match place.owner {
            Owner::Account(account) => accounts.get(account).map(String::as_str),
            Owner::Everybody => None,
        };
        Document {
            kind: place.sort.word(),
            id: place.sort.id(number),
            name: &record.name,
            status: record.status.word(),
            owner,
            public: place.owner == Owner::Everybody,
            created: record.created,
            changed: record.changed,
            labels: &record.labels,
            own: self.own(place, number, record),
        }
    }

    fn own<'a>(&'a self, place: Place, number: u64, record: &'a Record) -> Own<'a> {
        match &record.body {
            Body::Instance(instance) => Own::Instance {
                instance_type: self.type_of_instance(place, instance.instance_type),
                image: Sort::Image.id(instance.image),
                zone: self.zone(place, number),
                addresses: std::iter::once(Address { ip: instance.inside, outside: false })
                    .chain(instance.outside.map(|ip| Address { ip, outside: true }))
                    .collect(),
                key: number.is_multiple_of(3).then_some("ops"),
                firewalls: ["default"],
                disks: instance.disks.iter().map(|disk| Sort::Volume.id(*disk)).collect(),
                booted: instance.booted,
                failure: (record.status == Status::Failed).then_some("no host took it"),
            },
            Body::InstanceType(InstanceType { cores, memory_mb, disk_gb }) => Own::InstanceType {
                cores: *cores,
                memory_mb: *memory_mb,
                disk_gb: *disk_gb,
                architecture: "x86_64",
            },
            Body::Image(image) => Own::Image {
                bytes: image.bytes,
                format: "qcow2",
                system: image.system,
                architecture: "x86_64",
                needs_disk_gb: 5,
                locked: false,
            },
            Body::Volume(volume) => Own::Volume {
                size_gb: volume.gigabytes,
                class: if number.is_multiple_of(4) { "fast" } else { "plain" },
                zone: self.zone(place, number),
                encrypted: number.is_multiple_of(2),
                attached_to: volume.attached_to.map(|instance| Sort::Instance.id(instance)),
                device: volume.attached_to.map(|_| "/dev/vdb"),
            },
        }
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

    fn zone(&self, place: Place, number: u64) -> String {
        let letter = if number & 16 == 0 { 'a' } else { 'b' };
        format!("{}-{letter}", self.regions[place.region])
    }
}
