use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::{Canonical, Volume, VolumeSnapshot, VolumeSnapshotState};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, Context, read};
use super::state;

#[derive(Deserialize)]
struct Wire {
    of: Option<String>,
    size_gb: u64,
    sealed: bool,
    /// From 0 to 1.
    done: f64,
}

pub(super) fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = VolumeSnapshot {
        description: common.about.clone(),
        size_gib: wire.size_gb,
        volume: wire.of.map(|volume| context.reference(Volume::KIND, &volume, None)),
        encrypted: Some(wire.sealed),
        progress_percent: Some((wire.done.clamp(0.0, 1.0) * 100.0).round() as u32),
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::VOLUME_SNAPSHOT, &common.status, VolumeSnapshotState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
