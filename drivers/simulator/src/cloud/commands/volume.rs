//! Creation of volumes and snapshots.

use gateway_core::Kind;
use serde::Deserialize;

use crate::cloud::commands::image::ready_image;
use crate::cloud::commands::reference::{check_zone, own};
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Volume, VolumeOverrides, VolumeSnapshot};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, TableKey};
use crate::cloud::tables::volume_class::{CLASSES, Class};

/// Size of an empty volume without `size_gb`.
const DEFAULT_SIZE_GB: u64 = 10;

/// Largest size of a volume.
pub(crate) const MAX_SIZE_GB: u64 = 65_536;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateVolume {
    size_gb: Option<u64>,
    /// Volume type by id or name.
    class: Option<String>,
    zone: Option<String>,
    /// Source of the content; at most one of three.
    snapshot: Option<String>,
    image: Option<String>,
    volume: Option<String>,
}

pub(crate) fn create(
    tables: &mut Tables,
    table: TableKey,
    request: CreateVolume,
) -> Result<(Status, Body), Refusal> {
    let sources = [&request.snapshot, &request.image, &request.volume];
    if sources.into_iter().flatten().count() > 1 {
        return Err(Refusal::invalid("a disk has at most one of `snapshot`, `image` and `volume`"));
    }
    let snapshot = request.snapshot.as_deref();
    let copy_of = snapshot.map(|id| own(tables, table, Kind::VolumeSnapshot, id)).transpose()?;
    let image = request.image.as_deref().map(|id| ready_image(tables, table, id)).transpose()?;
    let volume = request.volume.as_deref().map(|id| own(tables, table, Kind::Volume, id)).transpose()?;
    let source = copy_of.and_then(|number| snapshot_at(tables, table, number)).map(|(_, size)| size);
    let source = source.or_else(|| Some(tables.volume_at(table, volume?)?.gigabytes));
    let gigabytes = request.size_gb.or(source).unwrap_or(DEFAULT_SIZE_GB);
    if gigabytes == 0 || gigabytes > MAX_SIZE_GB || source.is_some_and(|source| gigabytes < source) {
        return Err(Refusal::invalid(format!("a disk of {gigabytes} GB is not possible")));
    }
    if copy_of.is_some_and(|number| snapshot_at(tables, table, number).is_none_or(|(whole, _)| !whole)) {
        return Err(Refusal::conflict("the snapshot is not complete"));
    }
    check_quota(tables, table, gigabytes)?;
    let overrides = overrides(tables, table, request.class, request.zone, image)?;
    let body = Volume { gigabytes, attached_to: None, copy_of, overrides };
    Ok((Status::Forming, Body::Volume(body)))
}

/// Returns the overrides of a volume.
pub(crate) fn overrides(
    tables: &Tables,
    table: TableKey,
    class: Option<String>,
    zone: Option<String>,
    image: Option<u64>,
) -> Result<Option<Box<VolumeOverrides>>, Refusal> {
    let class = class.map(|class| named(tables, table, &class)).transpose()?;
    let zone = check_zone(tables, table, zone)?;
    let [first, _] = tables.zones(table);
    Ok(Some(Box::new(VolumeOverrides {
        class: class.unwrap_or(&CLASSES[0]),
        zone: zone.unwrap_or(first),
        image,
        device: None,
    })))
}

pub(crate) fn check_quota(tables: &Tables, table: TableKey, gigabytes: u64) -> Result<(), Refusal> {
    tables.check_quota(table, "disks", 1)?;
    tables.check_quota(table, "disk_gb", gigabytes)
}

fn named(tables: &Tables, table: TableKey, name_or_id: &str) -> Result<&'static Class, Refusal> {
    if let Some(class) = CLASSES.iter().find(|class| class.name == name_or_id) {
        return Ok(class);
    }
    let published = TableKey { owner: Owner::Public, kind: Kind::VolumeType, ..table };
    let number = own(tables, published, Kind::VolumeType, name_or_id)?;
    match tables.records(published).get(number).map(|record| &record.body) {
        Some(Body::VolumeType(class)) => Ok(class),
        _ => Err(Refusal::unknown("volume_type", name_or_id)),
    }
}

/// Returns whether a snapshot is complete, and its size.
fn snapshot_at(tables: &Tables, table: TableKey, number: u64) -> Option<(bool, u64)> {
    let record = tables.records(TableKey { kind: Kind::VolumeSnapshot, ..table }).get(number)?;
    match &record.body {
        Body::VolumeSnapshot(snapshot) => Some((record.status == Status::Whole, snapshot.gigabytes)),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSnapshot {
    volume: Option<String>,
}

pub(crate) fn create_snapshot(
    tables: &Tables,
    table: TableKey,
    request: CreateSnapshot,
) -> Result<(Status, Body), Refusal> {
    let id = request.volume.ok_or_else(|| Refusal::invalid("`volume` is required"))?;
    let source = own(tables, table, Kind::Volume, &id)?;
    let record = tables.records(TableKey { kind: Kind::Volume, ..table }).get(source);
    let status = record.map_or(Status::Erasing, |record| record.status);
    if !matches!(status, Status::Free | Status::Attached) {
        return Err(Refusal::wrong_status(status));
    }
    tables.check_quota(table, "disk_copies", 1)?;
    let volume = tables.volume_at(table, source).ok_or_else(Refusal::no_resource)?;
    let body = VolumeSnapshot {
        source: Some(source),
        gigabytes: volume.gigabytes,
        encrypted: volume.class(source).encrypted,
    };
    Ok((Status::Copying, Body::VolumeSnapshot(body)))
}
