//! Volumes.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{AttachmentPoint, Verb, VerbSupport, Volume, VolumeState};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read};
use crate::state;

/// Volumes.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    says_state: true,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Extend),
        VerbSupport::new(Verb::Delete),
    ],
    ..Descriptor::new(Kind::Volume, observe)
};

#[derive(Deserialize)]
struct Wire {
    size_gb: u64,
    class: String,
    zone: String,
    encrypted: bool,
    attached_to: Option<String>,
    device: Option<String>,
    snapshot: Option<String>,
    image: Option<String>,
}

fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let attachment = wire.attached_to.as_deref().map(|instance| AttachmentPoint {
        instance: context.reference(Kind::Instance, instance, None),
        device: wire.device.clone(),
    });
    let fields = Volume {
        description: common.description.clone(),
        size_gib: wire.size_gb,
        volume_type: Some(wire.class),
        datacenter: Some(wire.zone),
        encrypted: Some(wire.encrypted),
        snapshot: wire.snapshot.map(|snapshot| context.reference(Kind::VolumeSnapshot, &snapshot, None)),
        image: wire.image.map(|image| context.reference(Kind::Image, &image, None)),
        attachments: attachment.into_iter().collect(),
        ..Volume::default()
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::VOLUME, &common.status, VolumeState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
