//! Volumes, and what is about them.

use gateway_core::Timestamp;
use serde_json::{Value, json};

use super::super::body::{Volume, VolumeSnapshot};
use super::super::lifecycle::Status;
use super::super::published::Class;
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;

/// The device of every volume, inside its instance.
const DEVICE: &str = "/dev/vdb";

impl World {
    pub(super) fn volume(&self, place: Place, number: u64, volume: &Volume) -> Value {
        let class = Class::of_volume(number);
        json!({
            "size_gb": volume.gigabytes,
            "class": class.name,
            "zone": self.zone(place, number),
            "encrypted": class.sealed,
            "attached_to": volume.attached_to.map(|instance| Sort::Instance.id(instance)),
            "device": volume.attached_to.map(|_| DEVICE),
            "copy_of": volume.copy_of.map(|snapshot| Sort::VolumeSnapshot.id(snapshot)),
        })
    }
}

pub(super) fn class(class: &Class) -> Value {
    json!({
        "about": class.about,
        "usual": class.usual,
        "sealed": class.sealed,
        "shareable": class.shareable,
        "traits": { "medium": class.medium, "operations_per_gb": class.operations_per_gb },
    })
}

pub(super) fn snapshot(snapshot: &VolumeSnapshot, status: Status) -> Value {
    json!({
        "of": snapshot.of.map(|volume| Sort::Volume.id(volume)),
        "size_gb": snapshot.gigabytes,
        "sealed": snapshot.sealed,
        "done": if status == Status::Copying { 0.5 } else { 1.0 },
    })
}

pub(super) fn attachment(number: u64, volume: &Volume, since: Timestamp) -> Value {
    json!({
        "disk": Sort::Volume.id(number),
        "machine": volume.attached_to.map(|instance| Sort::Instance.id(instance)),
        "device": DEVICE,
        "since": since,
        "writable": true,
        "outlives_machine": true,
    })
}
