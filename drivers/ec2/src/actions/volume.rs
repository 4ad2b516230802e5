//! Commands of volumes.

use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateVolume, Verb, Volume};
use gateway_core::{ErrorKind, Result};

use super::action::{Action, done, touched};
use super::cloud_options::merge_valid;
use super::field_errors::FieldErrors;
use super::reference::key_of;
use super::tagging::{tagged, update};
use crate::form::Form;
use crate::tags::Naming;

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    let errors = FieldErrors::default();
    match step.command {
        Command::CreateVolume(command) => errors
            .no_description(command.description.as_ref())
            .require(
                command.datacenter.is_some(),
                "/datacenter",
                "is required: at this cloud a volume is in one zone",
            )
            .require(
                command.image.is_none(),
                "/image",
                "is not supported: name the snapshot of the image in `snapshot`",
            )
            .require(
                command.volume.is_none(),
                "/volume",
                "is not supported: create a snapshot of the volume and name it in `snapshot`",
            )
            .require(
                command.volume_type.is_none(),
                "/volume_type",
                "is not supported: set `VolumeType` in `cloud_options`",
            )
            .tags(&command.tags, Naming::Tag(&command.name))
            .options(form(step, command), &command.cloud_options),
        Command::Update(command) => errors.no_description(command.description.as_ref()).update(step, true),
        _ => errors,
    }
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateVolume(command)) => {
            let form = merge_valid(form(action.step, command)?, &command.cloud_options)?;
            let answer = action.write(form).await?;
            Ok(done(&answer, vec![touched::<Volume>(answer.required(&["volumeId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => update(action, command).await,
        (Verb::Extend, Command::Extend(command)) => extend(action, command.size_gib).await,
        (Verb::Delete, _) => {
            action.write_target(Form::new("DeleteVolume").with("VolumeId", action.target_key()?)).await
        }
        _ => Err(action.step.unsupported()),
    }
}

fn form(step: &Step<'_>, command: &CreateVolume) -> Result<Form> {
    let form = Form::new("CreateVolume")
        .with_some("AvailabilityZone", command.datacenter.as_ref())
        .with_some("Size", command.size_gib)
        .with_some("SnapshotId", command.snapshot.map(|id| key_of(step, id)).transpose()?)
        .with("ClientToken", step.marker);
    Ok(tagged(form, "volume", step, &command.tags, Naming::Tag(&command.name)))
}

async fn extend(action: &Action<'_>, size_gib: u64) -> Result<Done> {
    let key = action.target_key()?;
    match action.write_target(Form::new("ModifyVolume").with("VolumeId", key).with("Size", size_gib)).await {
        // EC2 refuses a second change for hours. If the first one has the same size, the command is executed already.
        Err(error) if error.kind() == ErrorKind::Conflict && is_extending(action, key, size_gib).await? => {
            Ok(Done { touched: vec![action.touched_target()?], ..Done::default() })
        }
        result => result,
    }
}

async fn is_extending(action: &Action<'_>, volume: &str, size_gib: u64) -> Result<bool> {
    let form = Form::new("DescribeVolumesModifications").with_list("VolumeId", [volume]);
    let answer = action.read(form).await?;
    for item in answer.items(&["volumeModificationSet"]) {
        let is_failed = item.text_at(&["modificationState"]) == Some("failed");
        if !is_failed && item.read_at::<u64>(&["targetSize"])? == Some(size_gib) {
            return Ok(true);
        }
    }
    Ok(false)
}
