//! Commands of security groups.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateSecurityGroup, SecurityGroup, Verb};

use super::action::{Action, done, touched};
use super::cloud_options::merge_valid;
use super::field_errors::FieldErrors;
use super::reference::key_of;
use super::tagging::{retag, tagged, updated};
use crate::form::Form;
use crate::tags::Naming;

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    let errors = FieldErrors::default();
    match step.command {
        Command::CreateSecurityGroup(command) => errors
            .require(
                command.network.is_some(),
                "/network",
                "is required: at this cloud a security group belongs to a network",
            )
            .tags(&command.tags, Naming::Own)
            .options(form(step, command), &command.cloud_options),
        Command::Update(command) => errors
            .require(
                command.description.is_none(),
                "/description",
                "cannot be changed for security groups at this cloud",
            )
            .update(step, false),
        _ => errors,
    }
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateSecurityGroup(command)) => {
            let form = merge_valid(form(action.step, command)?, &command.cloud_options)?;
            let answer = action.write(form).await?;
            Ok(done(&answer, vec![touched::<SecurityGroup>(answer.required(&["groupId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => {
            updated(action, retag(action, None, command.tags.as_ref(), false).await?)
        }
        (Verb::Delete, _) => {
            action.write_target(Form::new("DeleteSecurityGroup").with("GroupId", action.target_key()?)).await
        }
        _ => Err(action.step.unsupported()),
    }
}

/// Returns the form. EC2 requires a description; by default it is the name.
fn form(step: &Step<'_>, command: &CreateSecurityGroup) -> Result<Form> {
    let description = command.description.as_ref().filter(|text| !text.is_empty()).unwrap_or(&command.name);
    let form = Form::new("CreateSecurityGroup")
        .with("GroupName", &command.name)
        .with("GroupDescription", description)
        .with_some("VpcId", command.network.map(|id| key_of(step, id)).transpose()?);
    Ok(tagged(form, "security-group", step, &command.tags, Naming::Own))
}
