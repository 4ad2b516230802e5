use gateway_core::Result;
use gateway_core::kinds::{Image, ImageState};
use gateway_core::observation::Observed;
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, read};

#[derive(Deserialize)]
struct Wire {
    bytes: u64,
    format: String,
    system: String,
    architecture: String,
    needs_disk_gb: u64,
    locked: bool,
}

pub(super) fn state(status: &str) -> ImageState {
    match status {
        "UPLOADING" => ImageState::Pending,
        "READY" => ImageState::Available,
        "ERASING" => ImageState::Deleting,
        _ => ImageState::Unknown,
    }
}

pub(super) fn observe(common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = Image {
        size_bytes: Some(wire.bytes),
        min_disk_gib: Some(wire.needs_disk_gb),
        disk_format: Some(wire.format),
        architecture: Some(wire.architecture),
        os: Some(wire.system),
        protected: Some(wire.locked),
        ..Image::default()
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    Ok(observed.with_state(state(&common.status), &common.status))
}
