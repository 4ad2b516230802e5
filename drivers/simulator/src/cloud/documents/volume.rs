//! Documents of volumes, volume types, snapshots and attachments.

use gateway_core::{Kind, Timestamp};
use serde_json::{Value, json};

use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::record::{Volume, VolumeSnapshot};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;
use crate::cloud::tables::volume_class::Class;

/// Device of a volume without overrides.
const DEVICE: &str = "/dev/vdb";

impl Tables {
    pub(crate) fn volume(&self, table: TableKey, number: u64, volume: &Volume) -> Value {
        let class = volume.class(number);
        let overrides = volume.overrides.as_deref();
        json!({
            "size_gb": volume.gigabytes,
            "class": class.name,
            "zone": overrides.map_or_else(|| self.zone(table, number), |overrides| overrides.zone.clone()),
            "encrypted": class.encrypted,
            "attached_to": volume.attached_to.map(|instance| Kind::Instance.id(instance)),
            "device": volume.attached_to.map(|_| device(volume)),
            "snapshot": volume.copy_of.map(|snapshot| Kind::VolumeSnapshot.id(snapshot)),
            "image": overrides.and_then(|overrides| overrides.image).map(|image| Kind::Image.id(image)),
        })
    }

    /// Returns whether a volume is deleted with its instance.
    pub(crate) fn is_owned_disk(&self, table: TableKey, number: u64, volume: &Volume) -> bool {
        let holder = volume.attached_to.and_then(|holder| self.instance_at(table, holder));
        let overrides = holder.and_then(|instance| instance.overrides.as_ref());
        overrides.is_some_and(|overrides| overrides.owned_disk == Some(number))
    }
}

pub(crate) fn class(class: &Class) -> Value {
    json!({
        "default": class.default,
        "encrypted": class.encrypted,
        "shareable": class.shareable,
        "traits": { "medium": class.medium, "operations_per_gb": class.operations_per_gb },
    })
}

pub(crate) fn snapshot(snapshot: &VolumeSnapshot, status: Status) -> Value {
    json!({
        "volume": snapshot.source.map(|volume| Kind::Volume.id(volume)),
        "size_gb": snapshot.gigabytes,
        "encrypted": snapshot.encrypted,
        "progress": if status == Status::Copying { 0.5 } else { 1.0 },
    })
}

fn device(volume: &Volume) -> &str {
    volume.overrides.as_ref().and_then(|overrides| overrides.device.as_deref()).unwrap_or(DEVICE)
}

pub(crate) fn attachment(number: u64, volume: &Volume, is_own: bool, since: Timestamp) -> Value {
    json!({
        "disk": Kind::Volume.id(number),
        "machine": volume.attached_to.map(|instance| Kind::Instance.id(instance)),
        "device": device(volume),
        "since": since,
        "writable": true,
        "kept_after_machine": !is_own,
    })
}
