//! Volumes and their snapshots.

use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateVolume, CreateVolumeSnapshot, Verb, Volume, VolumeSnapshot};
use gateway_core::{ErrorKind, Result};

use super::cloud_options::merge_or_refuse;
use super::faults::Faults;
use super::tagging::{Naming, retag, tagged, updated};
use super::{Act, done, key_of, touched, touched_target};
use crate::form::Form;

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    match step.command {
        Command::CreateVolume(command) => faults
            .no_description(command.description.as_ref())
            .unless(
                command.datacenter.is_some(),
                "/datacenter",
                "must be given: volumes are in one zone here",
            )
            .unless(
                command.image.is_none(),
                "/image",
                "this type of cloud makes no volume of an image: name its snapshot",
            )
            .unless(
                command.volume.is_none(),
                "/volume",
                "this type of cloud copies no volumes: name a snapshot of it",
            )
            .unless(
                command.volume_type.is_none(),
                "/volume_type",
                "types of volumes are words here: `cloud_options`, `VolumeType`",
            )
            .tags(&command.tags, Naming::Tag(&command.name))
            .options(volume_form(step, command), &command.cloud_options),
        Command::CreateVolumeSnapshot(command) => faults
            .tags(&command.tags, Naming::Tag(&command.name))
            .options(snapshot_form(step, command), &command.cloud_options),
        Command::Update(command) if step.kind.as_str() == "volume" => {
            faults.no_description(command.description.as_ref()).update(step, true)
        }
        Command::Update(command) => faults
            .unless(
                command.description.is_none(),
                "/description",
                "the description of a snapshot is for good at this type of cloud",
            )
            .update(step, true),
        _ => faults,
    }
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateVolume(command)) => {
            let form = merge_or_refuse(volume_form(act.step, command)?, &command.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<Volume>(answer.required(&["volumeId"])?)]))
        }
        (Verb::Create, Command::CreateVolumeSnapshot(command)) => {
            let form = merge_or_refuse(snapshot_form(act.step, command)?, &command.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<VolumeSnapshot>(answer.required(&["snapshotId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => {
            updated(act, retag(act, command.name.as_ref(), command.tags.as_ref(), true).await?)
        }
        (Verb::Extend, Command::Extend(command)) => extend(act, command.size_gib).await,
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

fn volume_form(step: &Step<'_>, command: &CreateVolume) -> Result<Form> {
    let form = Form::new("CreateVolume")
        .with_some("AvailabilityZone", command.datacenter.as_ref())
        .with_some("Size", command.size_gib)
        .with_some("SnapshotId", command.snapshot.map(|id| key_of(step, id)).transpose()?)
        .with("ClientToken", step.marker);
    Ok(tagged(form, "volume", step, &command.tags, Naming::Tag(&command.name)))
}

fn snapshot_form(step: &Step<'_>, command: &CreateVolumeSnapshot) -> Result<Form> {
    let form = Form::new("CreateSnapshot")
        .with("VolumeId", key_of(step, command.volume)?)
        .with_some("Description", command.description.as_ref());
    Ok(tagged(form, "snapshot", step, &command.tags, Naming::Tag(&command.name)))
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
