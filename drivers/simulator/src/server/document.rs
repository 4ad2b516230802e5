//! Records as the cloud shows them: complete, in its own words.

mod address;
mod guard;
mod instance;
mod interface;
mod network;
mod volume;

use std::collections::BTreeMap;

use gateway_core::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::body::{Body, Image, InstanceType};
use super::collection::Entry;
use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::world::World;

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

#[derive(Serialize)]
pub(super) struct Document<'a> {
    kind: &'static str,
    id: String,
    name: &'a str,
    status: &'static str,
    owner: Option<&'a str>,
    public: bool,
    created: Option<Timestamp>,
    changed: Option<Timestamp>,
    about: &'a str,
    labels: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    own: Own<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Own<'a> {
    Instance(instance::Instance<'a>),
    NetworkInterface(interface::Plug<'a>),
    Other(Value),
}

impl World {
    /// The document of what is shown under a number; `accounts` are the accounts' ids by number.
    pub(super) fn document<'a>(
        &'a self,
        place: Place,
        number: u64,
        entry: Entry<'a>,
        accounts: &'a [String],
    ) -> Document<'a> {
        let record = entry.record;
        let owner = match entry.owner {
            Owner::Account(account) => accounts.get(account).map(String::as_str),
            Owner::Everybody => None,
        };
        let (created, changed) = match place.sort {
            // As old as its account.
            Sort::Quota => (None, None),
            Sort::VolumeAttachment => (Some(record.since), None),
            // What changes about the leader changes nothing here.
            _ if entry.follows => (Some(record.created), None),
            _ => (Some(record.created), Some(record.changed)),
        };
        Document {
            kind: place.sort.word(),
            id: place.sort.id(number),
            name: if entry.follows { "" } else { &record.name },
            status: entry.status.word(),
            owner,
            public: entry.owner == Owner::Everybody,
            created,
            changed,
            about: if entry.follows { "" } else { &record.about },
            labels: if entry.follows { &NO_LABELS } else { &record.labels },
            own: self.own(place, number, entry, accounts),
        }
    }

    fn own<'a>(&'a self, place: Place, number: u64, entry: Entry<'a>, accounts: &[String]) -> Own<'a> {
        let own = match (&entry.record.body, place.sort) {
            (Body::Instance(instance), Sort::Instance) => {
                return Own::Instance(self.instance(place, number, entry.status, instance));
            }
            (Body::Instance(instance), Sort::NetworkInterface) => {
                return Own::NetworkInterface(self.instance_plug(place, number, instance));
            }
            (Body::Instance(instance), Sort::IpAddress) => self.bound_address(place, number, instance),
            (Body::Instance(instance), _) => address::following_binding(number, instance),
            (Body::Volume(volume), Sort::VolumeAttachment) => volume::attachment(
                number,
                volume,
                self.is_own_disk(place, number, volume),
                entry.record.since,
            ),
            (Body::Volume(volume), _) => self.volume(place, number, volume),
            (Body::InstanceType(size), _) => instance_type(size),
            (Body::Image(image), _) => image_of(image, entry.owner == place.owner, accounts),
            (Body::VolumeType(class), _) => volume::class(class),
            (Body::VolumeSnapshot(snapshot), _) => volume::snapshot(snapshot, entry.status),
            (Body::Network(network), _) => self.network(place, network),
            (Body::Subnet(subnet), _) => network::subnet(subnet),
            (Body::RouterPlug { router, subnet }, _) => {
                return Own::NetworkInterface(self.router_plug(place, number, *router, *subnet));
            }
            (Body::Plug(plug), _) => return Own::NetworkInterface(self.plug(place, number, plug)),
            (Body::Router { outside, usual }, _) => self.router(place, number, *outside, *usual),
            (Body::Address { ip, leads_to }, _) => self.address(place, *ip, *leads_to),
            (Body::Binding, _) => self.binding(place, number),
            (Body::SecurityGroup { usual, .. }, _) => guard::group(*usual),
            (Body::SecurityGroupRule { group, rule }, _) => guard::rule(*group, rule),
            (Body::SshKey { form, text, digest }, _) => {
                json!({ "form": form, "text": text, "digest": digest })
            }
            (Body::Datacenter(service), _) => {
                json!({ "service": service.word(), "sort": "hall", "notices": ["doors close at night"] })
            }
            (Body::Quota { measure, most }, _) => json!({
                "service": measure.service,
                "most": most,
                "used": self.used(place, measure),
            }),
        };
        Own::Other(own)
    }
}

fn image_of(image: &Image, is_own: bool, accounts: &[String]) -> Value {
    // Its owner alone learns with whom it is shared.
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
