//! Commands of VPCs.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateNetwork, Network, Verb};

use super::action::{Action, done, touched};
use super::cloud_options::merge_valid;
use super::field_errors::FieldErrors;
use super::tagging::{tagged, update};
use crate::form::Form;
use crate::tags::Naming;

/// The error of an IPv6 range.
pub(crate) const NOT_IPV4: &str = "must be an IPv4 range; set IPv6 ranges in `cloud_options`";

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    let errors = FieldErrors::default();
    match step.command {
        Command::CreateNetwork(command) => errors
            .no_description(command.description.as_ref())
            .require(
                command.cidr.is_some(),
                "/cidr",
                "is required: at this cloud a network has a range of addresses",
            )
            .require(command.cidr.as_deref().is_none_or(is_ipv4), "/cidr", NOT_IPV4)
            .tags(&command.tags, Naming::Tag(&command.name))
            .options(Ok(form(step, command)), &command.cloud_options),
        Command::Update(command) => errors.no_description(command.description.as_ref()).update(step, true),
        _ => errors,
    }
}

/// Returns whether a range is an IPv4 range.
pub(crate) fn is_ipv4(cidr: &str) -> bool {
    !cidr.contains(':')
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateNetwork(command)) => {
            let form = merge_valid(form(action.step, command), &command.cloud_options)?;
            let answer = action.write(form).await?;
            Ok(done(&answer, vec![touched::<Network>(answer.required(&["vpc", "vpcId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => update(action, command).await,
        (Verb::Delete, _) => {
            action.write_target(Form::new("DeleteVpc").with("VpcId", action.target_key()?)).await
        }
        _ => Err(action.step.unsupported()),
    }
}

fn form(step: &Step<'_>, command: &CreateNetwork) -> Form {
    let form = Form::new("CreateVpc").with_some("CidrBlock", command.cidr.as_ref());
    tagged(form, "vpc", step, &command.tags, Naming::Tag(&command.name))
}
