//! Attachments of volumes to instances.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{Verb, VerbSupport, VolumeAttachment, VolumeAttachmentState};
use gateway_core::{Kind, Result, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read};
use crate::state;

/// Attachments of volumes to instances.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    says_state: true,
    external_id: |native_key| native_key.split_once('/').map_or(native_key, |(id, _)| id),
    commands: &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)],
    ..Descriptor::new(Kind::VolumeAttachment, observe)
};

#[derive(Deserialize)]
struct Wire {
    disk: String,
    machine: String,
    device: Option<String>,
    since: Timestamp,
    writable: bool,
    kept_after_machine: bool,
}

fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = VolumeAttachment {
        volume: context.reference(Kind::Volume, &wire.disk, None),
        instance: context.reference(Kind::Instance, &wire.machine, None),
        device: wire.device,
        read_only: Some(!wire.writable),
        delete_on_termination: Some(!wire.kept_after_machine),
        attached_at: Some(wire.since),
    };
    let mut observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    // The attachment keeps its id when the volume moves to another instance.
    observed.native_key = format!("{}/{}", common.id, wire.machine);
    let state = state::of(state::VOLUME_ATTACHMENT, &common.status, VolumeAttachmentState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
