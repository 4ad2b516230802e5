//! Commands of subnets.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateSubnet, Subnet, Verb};

use super::action::{Action, done, touched};
use super::cloud_options::merge_valid;
use super::field_errors::FieldErrors;
use super::network::{NOT_IPV4, is_ipv4};
use super::reference::key_of;
use super::tagging::{tagged, update};
use crate::form::Form;
use crate::tags::Naming;

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    let errors = FieldErrors::default();
    match step.command {
        Command::CreateSubnet(command) => errors
            .no_description(command.description.as_ref())
            .require(is_ipv4(&command.cidr), "/cidr", NOT_IPV4)
            .require(
                command.gateway_ip_address.is_none(),
                "/gateway_ip_address",
                "is not supported: at this cloud the gateway is always the first address of the subnet",
            )
            .require(
                command.dhcp != Some(false),
                "/dhcp",
                "must not be false: at this cloud DHCP is always on",
            )
            .require(
                command.dns_servers.is_empty(),
                "/dns_servers",
                "is not supported: at this cloud the DHCP options of the network set the DNS servers",
            )
            .tags(&command.tags, Naming::Tag(&command.name))
            .options(form(step, command), &command.cloud_options),
        Command::Update(command) => errors.no_description(command.description.as_ref()).update(step, true),
        _ => errors,
    }
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateSubnet(command)) => {
            let form = merge_valid(form(action.step, command)?, &command.cloud_options)?;
            let answer = action.write(form).await?;
            Ok(done(&answer, vec![touched::<Subnet>(answer.required(&["subnet", "subnetId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => update(action, command).await,
        (Verb::Delete, _) => {
            action.write_target(Form::new("DeleteSubnet").with("SubnetId", action.target_key()?)).await
        }
        _ => Err(action.step.unsupported()),
    }
}

fn form(step: &Step<'_>, command: &CreateSubnet) -> Result<Form> {
    let form = Form::new("CreateSubnet")
        .with("VpcId", key_of(step, command.network)?)
        .with("CidrBlock", &command.cidr)
        .with_some("AvailabilityZone", command.datacenter.as_ref());
    Ok(tagged(form, "subnet", step, &command.tags, Naming::Tag(&command.name)))
}
