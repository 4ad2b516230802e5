//! Volumes and snapshots that clients make.

use serde::Deserialize;

use super::super::answer::Refusal;
use super::super::body::{Body, ChosenVolume, Volume, VolumeSnapshot};
use super::super::lifecycle::Status;
use super::super::published::{CLASSES, Class};
use super::super::shelf::Place;
use super::super::sort::Sort;
use super::super::world::World;
use super::instance::ready_image;
use super::{own, zone};

/// Size of an empty volume when nobody says.
const USUAL_SIZE: u64 = 10;

/// Size of the largest.
pub(in super::super) const LARGEST: u64 = 65_536;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    size_gb: Option<u64>,
    /// By id or name.
    class: Option<String>,
    zone: Option<String>,
    /// What it is filled from: one at most.
    snapshot: Option<String>,
    image: Option<String>,
    volume: Option<String>,
}

pub(super) fn first_form(world: &mut World, place: Place, wanted: Wanted) -> Result<(Status, Body), Refusal> {
    let sources = [&wanted.snapshot, &wanted.image, &wanted.volume];
    if sources.into_iter().flatten().count() > 1 {
        return Err(Refusal::invalid("a disk is filled from one thing at most"));
    }
    let snapshot = wanted.snapshot.as_deref();
    let copy_of = snapshot.map(|id| own(world, place, Sort::VolumeSnapshot, id)).transpose()?;
    let image = wanted.image.as_deref().map(|id| ready_image(world, place, id)).transpose()?;
    let volume = wanted.volume.as_deref().map(|id| own(world, place, Sort::Volume, id)).transpose()?;
    let source = copy_of.and_then(|number| snapshot_at(world, place, number)).map(|(_, size)| size);
    let source = source.or_else(|| Some(world.volume_at(place, volume?)?.gigabytes));
    let gigabytes = wanted.size_gb.or(source).unwrap_or(USUAL_SIZE);
    if gigabytes == 0 || gigabytes > LARGEST || source.is_some_and(|source| gigabytes < source) {
        return Err(Refusal::invalid(format!("a disk of {gigabytes} GB cannot be made")));
    }
    if copy_of.is_some_and(|number| snapshot_at(world, place, number).is_none_or(|(whole, _)| !whole)) {
        return Err(Refusal::conflict("the copy is not whole yet"));
    }
    afford(world, place, gigabytes)?;
    let chosen = chosen(world, place, wanted.class, wanted.zone, image)?;
    let body = Volume { gigabytes, attached_to: None, copy_of, chosen };
    Ok((Status::Forming, Body::Volume(body)))
}

/// What is chosen of a volume; nothing is kept where nothing is.
pub(super) fn chosen(
    world: &World,
    place: Place,
    class: Option<String>,
    wanted_zone: Option<String>,
    image: Option<u64>,
) -> Result<Option<Box<ChosenVolume>>, Refusal> {
    let class = class.map(|class| named(world, place, &class)).transpose()?;
    let zone = zone(world, place, wanted_zone)?;
    let [first, _] = world.zones(place);
    Ok(Some(Box::new(ChosenVolume {
        class: class.unwrap_or(&CLASSES[0]),
        zone: zone.unwrap_or(first),
        image,
        device: None,
    })))
}

pub(super) fn afford(world: &World, place: Place, gigabytes: u64) -> Result<(), Refusal> {
    world.afford(place, "disks", 1)?;
    world.afford(place, "disk_gb", gigabytes)
}

fn named(world: &World, place: Place, wanted: &str) -> Result<&'static Class, Refusal> {
    if let Some(class) = CLASSES.iter().find(|class| class.name == wanted) {
        return Ok(class);
    }
    let published = Place { owner: super::Owner::Everybody, sort: Sort::VolumeType, ..place };
    let number = own(world, published, Sort::VolumeType, wanted)?;
    match world.shelf(published).get(number).map(|record| &record.body) {
        Some(Body::VolumeType(class)) => Ok(class),
        _ => Err(Refusal::unknown("volume_type", wanted)),
    }
}

/// Whether a snapshot is whole, and its size.
fn snapshot_at(world: &World, place: Place, number: u64) -> Option<(bool, u64)> {
    let record = world.shelf(Place { sort: Sort::VolumeSnapshot, ..place }).get(number)?;
    match &record.body {
        Body::VolumeSnapshot(snapshot) => Some((record.status == Status::Whole, snapshot.gigabytes)),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedSnapshot {
    volume: Option<String>,
}

pub(super) fn snapshot(
    world: &World,
    place: Place,
    wanted: WantedSnapshot,
) -> Result<(Status, Body), Refusal> {
    let id = wanted.volume.ok_or_else(|| Refusal::invalid("a snapshot needs a volume"))?;
    let of = own(world, place, Sort::Volume, &id)?;
    let record = world.shelf(Place { sort: Sort::Volume, ..place }).get(of);
    let status = record.map_or(Status::Erasing, |record| record.status);
    if !matches!(status, Status::Free | Status::Attached) {
        return Err(super::refused(status));
    }
    world.afford(place, "disk_copies", 1)?;
    let volume = world.volume_at(place, of).ok_or_else(Refusal::no_resource)?;
    let body = VolumeSnapshot { of: Some(of), gigabytes: volume.gigabytes, sealed: volume.class(of).sealed };
    Ok((Status::Copying, Body::VolumeSnapshot(body)))
}
