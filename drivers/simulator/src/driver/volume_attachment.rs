use gateway_core::document::observation::Observed;
use gateway_core::kind::{Canonical, Instance, Volume, VolumeAttachment, VolumeAttachmentState};
use gateway_core::{Result, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, Context, read};
use super::state;

#[derive(Deserialize)]
struct Wire {
    disk: String,
    machine: String,
    device: Option<String>,
    since: Timestamp,
    writable: bool,
    outlives_machine: bool,
}

pub(super) fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = VolumeAttachment {
        volume: context.reference(Volume::KIND, &wire.disk, None),
        instance: context.reference(Instance::KIND, &wire.machine, None),
        device: wire.device,
        read_only: Some(!wire.writable),
        delete_on_termination: Some(!wire.outlives_machine),
        attached_at: Some(wire.since),
    };
    let mut observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    // The cloud gives a disk's attachment the same id again when the disk comes to another machine.
    observed.native_key = format!("{}/{}", common.id, wire.machine);
    let state = state::of(state::VOLUME_ATTACHMENT, &common.status, VolumeAttachmentState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
