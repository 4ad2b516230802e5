//! The documents of records in the form of the API.

mod instance;
mod ip_address;
mod network;
mod network_interface;
mod security_group;
mod volume;

use std::collections::BTreeMap;

use gateway_core::{Kind, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cloud::tables::Tables;
use crate::cloud::tables::collection::Entry;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::record::{Body, Image, InstanceType};
use crate::cloud::tables::table::{Owner, TableKey};

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

/// Document of one record.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    kind: &'static str,
    id: String,
    name: &'a str,
    status: &'static str,
    owner: Option<&'a str>,
    public: bool,
    created: Option<Timestamp>,
    changed: Option<Timestamp>,
    description: &'a str,
    labels: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    own: Own<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Own<'a> {
    Instance(instance::Instance<'a>),
    NetworkInterface(network_interface::Nic<'a>),
    Other(Value),
}

impl Tables {
    /// Returns the document of a record; `accounts` are the ids of the accounts by number.
    pub(crate) fn document<'a>(
        &'a self,
        table: TableKey,
        number: u64,
        entry: Entry<'a>,
        accounts: &'a [String],
    ) -> Document<'a> {
        let record = entry.record;
        let owner = match entry.owner {
            Owner::Account(account) => accounts.get(account).map(String::as_str),
            Owner::Public => None,
        };
        let (created, changed) = match table.kind {
            // A quota is as old as its account.
            Kind::Quota => (None, None),
            Kind::VolumeAttachment => (Some(record.since), None),
            // A change of the source does not change a derived record.
            _ if entry.is_derived => (Some(record.created), None),
            _ => (Some(record.created), Some(record.changed)),
        };
        Document {
            kind: table.kind.as_str(),
            id: table.kind.id(number),
            name: if entry.is_derived { "" } else { &record.name },
            status: entry.status.word(),
            owner,
            public: entry.owner == Owner::Public,
            created,
            changed,
            description: if entry.is_derived { "" } else { &record.description },
            labels: if entry.is_derived { &NO_LABELS } else { &record.labels },
            own: self.own(table, number, entry, accounts),
        }
    }

    fn own<'a>(&'a self, table: TableKey, number: u64, entry: Entry<'a>, accounts: &[String]) -> Own<'a> {
        let own = match (&entry.record.body, table.kind) {
            (Body::Instance(instance), Kind::Instance) => {
                return Own::Instance(self.instance(table, number, entry.status, instance));
            }
            (Body::Instance(instance), Kind::NetworkInterface) => {
                return Own::NetworkInterface(self.instance_nic(table, number, instance));
            }
            (Body::Instance(instance), Kind::IpAddress) => self.bound_address(table, number, instance),
            (Body::Instance(instance), _) => ip_address::derived_binding(number, instance),
            (Body::Volume(volume), Kind::VolumeAttachment) => volume::attachment(
                number,
                volume,
                self.is_owned_disk(table, number, volume),
                entry.record.since,
            ),
            (Body::Volume(volume), _) => self.volume(table, number, volume),
            (Body::InstanceType(size), _) => instance_type(size),
            (Body::Image(image), _) => image_of(image, entry.owner == table.owner, accounts),
            (Body::VolumeType(class), _) => volume::class(class),
            (Body::VolumeSnapshot(snapshot), _) => volume::snapshot(snapshot, entry.status),
            (Body::Network(network), _) => self.network(table, network),
            (Body::Subnet(subnet), _) => network::subnet(subnet),
            (Body::RouterNic { router, subnet }, _) => {
                return Own::NetworkInterface(self.router_nic(table, number, *router, *subnet));
            }
            (Body::Nic(nic), _) => return Own::NetworkInterface(self.nic(table, number, nic)),
            (Body::Router { public_ip, default }, _) => self.router(table, number, *public_ip, *default),
            (Body::Address { ip, target }, _) => self.address(table, *ip, *target),
            (Body::Binding, _) => self.binding(table, number),
            (Body::SecurityGroup { default, .. }, _) => security_group::group(*default),
            (Body::SecurityGroupRule { group, rule }, _) => security_group::rule(*group, rule),
            (Body::SshKey { key_type, public_key, fingerprint }, _) => {
                json!({ "key_type": key_type, "public_key": public_key, "fingerprint": fingerprint })
            }
            (Body::Datacenter(service), _) => {
                json!({ "service": service.word(), "type": "hall", "notices": ["maintenance on sundays"] })
            }
            (Body::Quota { measure, limit }, _) => json!({
                "service": measure.service,
                "limit": limit,
                "used": self.used(table, measure),
            }),
        };
        Own::Other(own)
    }
}

fn image_of(image: &Image, is_own: bool, accounts: &[String]) -> Value {
    // Only the owner sees with whom the image is shared.
    let shared_with = image.shared_with.iter().filter(|_| is_own);
    let shared_with: Vec<_> = shared_with.filter_map(|account| accounts.get(*account)).collect();
    json!({
        "bytes": image.bytes,
        "format": image.format,
        "system": image.system,
        "architecture": image.architecture,
        "needs_disk_gb": image.needs_disk_gb,
        "needs_memory_mb": image.needs_memory_mb,
        "locked": image.locked,
        "shared": !image.shared_with.is_empty(),
        "shared_with": shared_with,
    })
}

fn instance_type(size: &InstanceType) -> Value {
    json!({
        "cores": size.cores,
        "memory_mb": size.memory_mb,
        "disk_gb": size.disk_gb,
        "architecture": "x86_64",
    })
}
