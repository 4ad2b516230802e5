use gateway_core::Result;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::kind::{Image, ImageState};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, read};
use super::state;

#[derive(Deserialize)]
struct Wire {
    bytes: u64,
    format: String,
    system: String,
    architecture: String,
    needs_disk_gb: u64,
    needs_memory_mb: u64,
    locked: bool,
    shared: bool,
}

pub(super) fn observe(common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = Image {
        description: common.about.clone(),
        size_bytes: Some(wire.bytes),
        min_disk_gib: Some(wire.needs_disk_gb),
        min_memory_mib: Some(wire.needs_memory_mb),
        disk_format: Some(wire.format),
        architecture: Some(wire.architecture),
        os: Some(wire.system),
        protected: Some(wire.locked),
        ..Image::default()
    };
    let mut observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    if wire.shared {
        observed.visibility = Visibility::Shared;
    }
    let state = state::of(state::IMAGE, &common.status, ImageState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
