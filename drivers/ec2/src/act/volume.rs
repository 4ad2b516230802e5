//! Volumes and their snapshots.

use gateway_core::driver::{Done, Step};
use gateway_core::kinds::{Volume, VolumeSnapshot};
use gateway_core::order::{CreateVolume, CreateVolumeSnapshot, Order};
use gateway_core::verb::Verb;
use gateway_core::{ErrorKind, Result};

use super::cloud_options::merge_or_refuse;
use super::faults::Faults;
use super::tagging::{Naming, retag, tagged, updated};
use super::{Act, done, key_of, touched, touched_target};
use crate::form::Form;

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    match step.order {
        Order::CreateVolume(order) => faults
            .no_description(order.description.as_ref())
            .unless(order.datacenter.is_some(), "/datacenter", "must be given: volumes are in one zone here")
            .unless(
                order.image.is_none(),
                "/image",
                "this type of cloud makes no volume of an image: name its snapshot",
            )
            .unless(
                order.volume.is_none(),
                "/volume",
                "this type of cloud copies no volumes: name a snapshot of it",
            )
            .unless(
                order.volume_type.is_none(),
                "/volume_type",
                "types of volumes are words here: `cloud_options`, `VolumeType`",
            )
            .tags(&order.tags, Naming::Tag(&order.name))
            .options(volume_form(step, order), &order.cloud_options),
        Order::CreateVolumeSnapshot(order) => faults
            .tags(&order.tags, Naming::Tag(&order.name))
            .options(snapshot_form(step, order), &order.cloud_options),
        Order::Update(order) if step.kind.as_str() == "volume" => {
            faults.no_description(order.description.as_ref()).update(step, true)
        }
        Order::Update(order) => faults
            .unless(
                order.description.is_none(),
                "/description",
                "the description of a snapshot is for good at this type of cloud",
            )
            .update(step, true),
        _ => faults,
    }
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.order) {
        (Verb::Create, Order::CreateVolume(order)) => {
            let form = merge_or_refuse(volume_form(act.step, order)?, &order.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<Volume>(answer.required(&["volumeId"])?)]))
        }
        (Verb::Create, Order::CreateVolumeSnapshot(order)) => {
            let form = merge_or_refuse(snapshot_form(act.step, order)?, &order.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<VolumeSnapshot>(answer.required(&["snapshotId"])?)]))
        }
        (Verb::Update, Order::Update(order)) => {
            updated(act, retag(act, order.name.as_ref(), order.tags.as_ref(), true).await?)
        }
        (Verb::Extend, Order::Extend(order)) => extend(act, order.size_gib).await,
        (Verb::Delete, _) => match act.step.kind.as_str() {
            "volume" => delete(act, "DeleteVolume", "VolumeId").await,
            _ => delete(act, "DeleteSnapshot", "SnapshotId").await,
        },
        _ => Err(act.step.unsupported()),
    }
}

async fn delete(act: &Act<'_>, action: &'static str, name: &str) -> Result<Done> {
    let answer = act.write(Form::new(action).with(name, act.target_key()?)).await?;
    Ok(done(&answer, vec![touched_target(act)?]))
}

fn volume_form(step: &Step<'_>, order: &CreateVolume) -> Result<Form> {
    let form = Form::new("CreateVolume")
        .with_some("AvailabilityZone", order.datacenter.as_ref())
        .with_some("Size", order.size_gib)
        .with_some("SnapshotId", order.snapshot.map(|id| key_of(step, id)).transpose()?)
        .with("ClientToken", step.marker);
    Ok(tagged(form, "volume", step, &order.tags, Naming::Tag(&order.name)))
}

fn snapshot_form(step: &Step<'_>, order: &CreateVolumeSnapshot) -> Result<Form> {
    let form = Form::new("CreateSnapshot")
        .with("VolumeId", key_of(step, order.volume)?)
        .with_some("Description", order.description.as_ref());
    Ok(tagged(form, "snapshot", step, &order.tags, Naming::Tag(&order.name)))
}

async fn extend(act: &Act<'_>, size_gib: u64) -> Result<Done> {
    let key = act.target_key()?;
    let seen = vec![touched_target(act)?];
    match act.write(Form::new("ModifyVolume").with("VolumeId", key).with("Size", size_gib)).await {
        Ok(answer) => Ok(done(&answer, seen)),
        // EC2 refuses a second change for hours; when it is the same one, the first was taken.
        Err(error) if error.kind() == ErrorKind::Conflict && is_on_its_way(act, key, size_gib).await? => {
            Ok(Done { touched: seen, ..Done::default() })
        }
        Err(error) => Err(error),
    }
}

async fn is_on_its_way(act: &Act<'_>, volume: &str, size_gib: u64) -> Result<bool> {
    let answer = act.read(Form::new("DescribeVolumesModifications").with_list("VolumeId", [volume])).await?;
    for item in answer.items(&["volumeModificationSet"]) {
        let is_failed = item.text_at(&["modificationState"]) == Some("failed");
        if !is_failed && item.read_at::<u64>(&["targetSize"])? == Some(size_gib) {
            return Ok(true);
        }
    }
    Ok(false)
}
