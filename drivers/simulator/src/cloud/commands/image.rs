//! Creation of images, and access to them. The cloud fills an image by itself, unless it is created empty.

use gateway_core::Kind;
use serde::Deserialize;

use crate::cloud::commands::reference::usable;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Image, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, TableKey};

/// Size of every created image.
const BYTES: u64 = 1 << 30;

/// Formats of images.
const FORMATS: [&str; 5] = ["qcow2", "raw", "vmdk", "vhd", "iso"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateImage {
    format: Option<String>,
    system: Option<String>,
    architecture: Option<String>,
    needs_disk_gb: Option<u64>,
    needs_memory_mb: Option<u64>,
    #[serde(default)]
    locked: bool,
    /// Whether the image waits for an upload of its content.
    #[serde(default)]
    empty: bool,
}

pub(crate) fn create(request: CreateImage) -> Result<(Status, Body), Refusal> {
    let mut image = Image::new(BYTES, request.system.unwrap_or_else(|| "debian".to_owned()));
    if let Some(format) = request.format {
        if !FORMATS.contains(&format.as_str()) {
            return Err(Refusal::invalid(format!("`format` must be one of {}", FORMATS.join(", "))));
        }
        image.format = format.into();
    }
    if let Some(architecture) = request.architecture {
        image.architecture = architecture.into();
    }
    image.needs_disk_gb = request.needs_disk_gb.unwrap_or_default();
    image.needs_memory_mb = request.needs_memory_mb.unwrap_or_default();
    image.locked = request.locked;
    if !request.empty {
        return Ok((Status::Uploading, Body::Image(Box::new(image))));
    }
    image.bytes = 0;
    Ok((Status::Empty, Body::Image(Box::new(image))))
}

/// Returns the image of an instance with this image.
pub(crate) fn of_instance(tables: &Tables, table: TableKey, image: Option<u64>) -> Body {
    let made_of = image.and_then(|number| image_at(tables, table, number));
    let image = made_of.map_or_else(
        || Image::new(BYTES, "debian"),
        |image| Image { bytes: BYTES, locked: false, shared_with: Vec::new(), ..image.clone() },
    );
    Body::Image(Box::new(image))
}

/// Returns an image that the account may use.
pub(crate) fn image_at(tables: &Tables, table: TableKey, number: u64) -> Option<&Image> {
    match &usable_at(tables, table, number)?.body {
        Body::Image(image) => Some(&**image),
        _ => None,
    }
}

/// Returns the record of an image that is published, owned or shared.
pub(crate) fn usable_at(tables: &Tables, table: TableKey, number: u64) -> Option<&Record> {
    let of = |owner| TableKey { owner, kind: Kind::Image, ..table };
    let found = [of(Owner::Public), of(table.owner)].into_iter();
    found.into_iter().find_map(|table| tables.entry(table, number)).map(|entry| entry.record)
}

/// Returns whether an instance or volume of the account was created from an image.
pub(crate) fn is_image_in_use(tables: &Tables, table: TableKey, number: u64) -> bool {
    let any = |kind, names: fn(&Record) -> Option<u64>| {
        tables
            .records(TableKey { kind, ..table })
            .after(None)
            .any(|(_, record)| names(record) == Some(number))
    };
    let of_instance = |record: &Record| match &record.body {
        Body::Instance(instance) => instance.image,
        _ => None,
    };
    let of_volume = |record: &Record| match &record.body {
        Body::Volume(volume) => volume.overrides.as_ref()?.image,
        _ => None,
    };
    any(Kind::Instance, of_instance) || any(Kind::Volume, of_volume)
}

/// Returns the number of an image that the account may boot from.
pub(crate) fn ready_image(tables: &Tables, table: TableKey, id: &str) -> Result<u64, Refusal> {
    let number = usable(tables, table, Kind::Image, id)?;
    match usable_at(tables, table, number) {
        Some(record) if record.status != Status::Ready => Err(Refusal::conflict("the image is not ready")),
        _ => Ok(number),
    }
}
