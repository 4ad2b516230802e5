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
        let class = volume.class(number);
        let chosen = volume.chosen.as_deref();
        json!({
            "size_gb": volume.gigabytes,
            "class": class.name,
            "zone": chosen.map_or_else(|| self.zone(place, number), |chosen| chosen.zone.clone()),
            "encrypted": class.sealed,
            "attached_to": volume.attached_to.map(|instance| Sort::Instance.id(instance)),
            "device": volume.attached_to.map(|_| device(volume)),
            "copy_of": volume.copy_of.map(|snapshot| Sort::VolumeSnapshot.id(snapshot)),
            "made_of": chosen.and_then(|chosen| chosen.image).map(|image| Sort::Image.id(image)),
        })
    }

    /// Whether a volume ends with the instance that it is attached to.
    pub(super) fn is_own_disk(&self, place: Place, number: u64, volume: &Volume) -> bool {
        let holder = volume.attached_to.and_then(|holder| self.instance_at(place, holder));
        let chosen = holder.and_then(|instance| instance.chosen.as_ref());
        chosen.is_some_and(|chosen| chosen.own_disk == Some(number))
    }
}

pub(super) fn class(class: &Class) -> Value {
    json!({
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

fn device(volume: &Volume) -> &str {
    volume.chosen.as_ref().and_then(|chosen| chosen.device.as_deref()).unwrap_or(DEVICE)
}

pub(super) fn attachment(number: u64, volume: &Volume, is_own: bool, since: Timestamp) -> Value {
    json!({
        "disk": Sort::Volume.id(number),
        "machine": volume.attached_to.map(|instance| Sort::Instance.id(instance)),
        "device": device(volume),
        "since": since,
        "writable": true,
        "outlives_machine": !is_own,
    })
}
