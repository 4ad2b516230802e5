//! Commands of snapshots of volumes.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateVolumeSnapshot, Verb, VolumeSnapshot};

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
        Command::CreateVolumeSnapshot(command) => errors
            .tags(&command.tags, Naming::Tag(&command.name))
            .options(form(step, command), &command.cloud_options),
        Command::Update(command) => errors
            .require(
                command.description.is_none(),
                "/description",
                "cannot be changed for snapshots at this cloud",
            )
            .update(step, true),
        _ => errors,
    }
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateVolumeSnapshot(command)) => {
            let form = merge_valid(form(action.step, command)?, &command.cloud_options)?;
            let answer = action.write(form).await?;
            Ok(done(&answer, vec![touched::<VolumeSnapshot>(answer.required(&["snapshotId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => update(action, command).await,
        (Verb::Delete, _) => {
            action.write_target(Form::new("DeleteSnapshot").with("SnapshotId", action.target_key()?)).await
        }
        _ => Err(action.step.unsupported()),
    }
}

fn form(step: &Step<'_>, command: &CreateVolumeSnapshot) -> Result<Form> {
    let form = Form::new("CreateSnapshot")
        .with("VolumeId", key_of(step, command.volume)?)
        .with_some("Description", command.description.as_ref());
    Ok(tagged(form, "snapshot", step, &command.tags, Naming::Tag(&command.name)))
}
