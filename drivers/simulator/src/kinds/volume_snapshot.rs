//! Snapshots of volumes.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{VolumeSnapshot, VolumeSnapshotState};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, METADATA_COMMANDS};
use crate::document::{Common, Context, read};
use crate::state;

/// Snapshots of volumes.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    says_state: true,
    commands: METADATA_COMMANDS,
    ..Descriptor::new(Kind::VolumeSnapshot, observe)
};

#[derive(Deserialize)]
struct Wire {
    volume: Option<String>,
    size_gb: u64,
    encrypted: bool,
    /// From 0 to 1.
    progress: f64,
}

fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = VolumeSnapshot {
        description: common.description.clone(),
        size_gib: wire.size_gb,
        volume: wire.volume.map(|volume| context.reference(Kind::Volume, &volume, None)),
        encrypted: Some(wire.encrypted),
        progress_percent: Some((wire.progress.clamp(0.0, 1.0) * 100.0).round() as u32),
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::VOLUME_SNAPSHOT, &common.status, VolumeSnapshotState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
