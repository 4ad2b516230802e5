//! Commands of elastic addresses.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateIpAddress, IpAddress, Verb};

use super::action::{Action, done, touched};
use super::cloud_options::merge_valid;
use super::field_errors::FieldErrors;
use super::tagging::{tagged, update};
use crate::form::Form;
use crate::kinds::ip_address::parameter;
use crate::tags::Naming;

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    let errors = FieldErrors::default();
    match step.command {
        Command::CreateIpAddress(command) => errors
            .no_description(command.description.as_ref())
            .require(
                command.network.is_none(),
                "/network",
                "is not supported: this cloud does not allocate addresses from networks",
            )
            .tags(&command.tags, Naming::Own)
            .options(Ok(form(step, command)), &command.cloud_options),
        Command::Update(command) => errors.no_description(command.description.as_ref()).update(step, true),
        _ => errors,
    }
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateIpAddress(command)) => {
            let form = merge_valid(form(action.step, command), &command.cloud_options)?;
            let answer = action.write(form).await?;
            Ok(done(&answer, vec![touched::<IpAddress>(answer.required(&["allocationId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => update(action, command).await,
        (Verb::Delete, _) => {
            let (name, key) = parameter(action.target_key()?);
            action.write_target(Form::new("ReleaseAddress").with(name, key)).await
        }
        _ => Err(action.step.unsupported()),
    }
}

fn form(step: &Step<'_>, command: &CreateIpAddress) -> Form {
    let form = Form::new("AllocateAddress").with("Domain", "vpc");
    tagged(form, "elastic-ip", step, &command.tags, Naming::Own)
}
