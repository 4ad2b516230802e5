//! Images that clients register or make of instances. An image fills itself, unless it is registered empty.

use serde::Deserialize;

use super::super::answer::Refusal;
use super::super::body::{Body, Image, Record};
use super::super::lifecycle::Status;
use super::super::shelf::{Owner, Place};
use super::super::sort::Sort;
use super::super::world::World;

/// Size of every image that a client makes.
const BYTES: u64 = 1 << 30;

/// Forms that an image may have.
const FORMATS: [&str; 5] = ["qcow2", "raw", "vmdk", "vhd", "iso"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    format: Option<String>,
    system: Option<String>,
    architecture: Option<String>,
    needs_disk_gb: Option<u64>,
    needs_memory_mb: Option<u64>,
    #[serde(default)]
    locked: bool,
    /// It waits for its content instead of filling itself.
    #[serde(default)]
    empty: bool,
}

pub(super) fn first_form(wanted: Wanted) -> Result<(Status, Body), Refusal> {
    let mut image = Image::new(BYTES, wanted.system.unwrap_or_else(|| "debian".to_owned()));
    if let Some(format) = wanted.format {
        if !FORMATS.contains(&format.as_str()) {
            return Err(Refusal::invalid(format!("an image is one of {}", FORMATS.join(", "))));
        }
        image.format = format.into();
    }
    if let Some(architecture) = wanted.architecture {
        image.architecture = architecture.into();
    }
    image.needs_disk_gb = wanted.needs_disk_gb.unwrap_or_default();
    image.needs_memory_mb = wanted.needs_memory_mb.unwrap_or_default();
    image.locked = wanted.locked;
    if !wanted.empty {
        return Ok((Status::Uploading, Body::Image(Box::new(image))));
    }
    image.bytes = 0;
    Ok((Status::Empty, Body::Image(Box::new(image))))
}

/// An image of what an instance was made of.
pub(in super::super) fn of_instance(world: &World, place: Place, image: Option<u64>) -> Body {
    let made_of = image.and_then(|number| image_at(world, place, number));
    let image = made_of.map_or_else(
        || Image::new(BYTES, "debian"),
        |image| Image { bytes: BYTES, locked: false, shared_with: Vec::new(), ..image.clone() },
    );
    Body::Image(Box::new(image))
}

/// An image that the account may use.
pub(super) fn image_at(world: &World, place: Place, number: u64) -> Option<&Image> {
    match &usable_at(world, place, number)?.body {
        Body::Image(image) => Some(&**image),
        _ => None,
    }
}

/// An image of the cloud's, of the account or shared with it.
pub(super) fn usable_at(world: &World, place: Place, number: u64) -> Option<&Record> {
    let of = |owner| Place { owner, sort: Sort::Image, ..place };
    let found = [of(Owner::Everybody), of(place.owner)].into_iter();
    found.into_iter().find_map(|place| world.entry(place, number)).map(|entry| entry.record)
}

/// Whether something of the account says that it was made of an image.
pub(super) fn is_needed(world: &World, place: Place, number: u64) -> bool {
    let any = |sort, names: fn(&Record) -> Option<u64>| {
        world.shelf(Place { sort, ..place }).after(None).any(|(_, record)| names(record) == Some(number))
    };
    let of_instance = |record: &Record| match &record.body {
        Body::Instance(instance) => instance.image,
        _ => None,
    };
    let of_volume = |record: &Record| match &record.body {
        Body::Volume(volume) => volume.chosen.as_ref()?.image,
        _ => None,
    };
    any(Sort::Instance, of_instance) || any(Sort::Volume, of_volume)
}
