//! Security groups.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateSecurityGroup, SecurityGroup, Verb};

use super::cloud_options::merge_or_refuse;
use super::faults::Faults;
use super::tagging::{Naming, retag, tagged, updated};
use super::{Act, done, key_of, touched, touched_target};
use crate::form::Form;

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    match step.command {
        Command::CreateSecurityGroup(command) => faults
            .unless(command.network.is_some(), "/network", "must be given: a group belongs to a network here")
            .tags(&command.tags, Naming::Own)
            .options(form(step, command), &command.cloud_options),
        Command::Update(command) => faults
            .unless(
                command.description.is_none(),
                "/description",
                "the description of a group is for good at this type of cloud",
            )
            .update(step, false),
        _ => faults,
    }
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateSecurityGroup(command)) => {
            let form = merge_or_refuse(form(act.step, command)?, &command.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<SecurityGroup>(answer.required(&["groupId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => {
            updated(act, retag(act, None, command.tags.as_ref(), false).await?)
        }
        (Verb::Delete, _) => {
            let answer =
                act.write(Form::new("DeleteSecurityGroup").with("GroupId", act.target_key()?)).await?;
            Ok(done(&answer, vec![touched_target(act)?]))
        }
        _ => Err(act.step.unsupported()),
    }
}

/// EC2 wants a description; the name is one.
fn form(step: &Step<'_>, command: &CreateSecurityGroup) -> Result<Form> {
    let description = command.description.as_ref().filter(|text| !text.is_empty()).unwrap_or(&command.name);
    let form = Form::new("CreateSecurityGroup")
        .with("GroupName", &command.name)
        .with("GroupDescription", description)
        .with_some("VpcId", command.network.map(|id| key_of(step, id)).transpose()?);
    Ok(tagged(form, "security-group", step, &command.tags, Naming::Own))
}
