use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::{AttachmentPoint, Canonical, Image, Instance, Volume, VolumeSnapshot, VolumeState};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, Context, read};
use super::state;

#[derive(Deserialize)]
struct Wire {
    size_gb: u64,
    class: String,
    zone: String,
    encrypted: bool,
    attached_to: Option<String>,
    device: Option<String>,
    copy_of: Option<String>,
    made_of: Option<String>,
}

pub(super) fn observe(context: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let attachment = wire.attached_to.as_deref().map(|instance| AttachmentPoint {
        instance: context.reference(Instance::KIND, instance, None),
        device: wire.device.clone(),
    });
    let fields = Volume {
        description: common.about.clone(),
        size_gib: wire.size_gb,
        volume_type: Some(wire.class),
        datacenter: Some(wire.zone),
        encrypted: Some(wire.encrypted),
        snapshot: wire.copy_of.map(|snapshot| context.reference(VolumeSnapshot::KIND, &snapshot, None)),
        image: wire.made_of.map(|image| context.reference(Image::KIND, &image, None)),
        attachments: attachment.into_iter().collect(),
        ..Volume::default()
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::VOLUME, &common.status, VolumeState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
