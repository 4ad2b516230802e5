//! VPCs and their subnets.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateNetwork, CreateSubnet, Network, Subnet, Verb};

use super::cloud_options::merge_or_refuse;
use super::faults::Faults;
use super::tagging::{Naming, retag, tagged, updated};
use super::{Act, done, key_of, touched, touched_target};
use crate::form::Form;

const VERSION_6: &str = "must be of version 4 here: ranges of version 6 go into `cloud_options`";

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    match step.command {
        Command::CreateNetwork(command) => faults
            .no_description(command.description.as_ref())
            .unless(command.cidr.is_some(), "/cidr", "must be given: networks have a range of addresses here")
            .unless(command.cidr.as_deref().is_none_or(is_version_4), "/cidr", VERSION_6)
            .tags(&command.tags, Naming::Tag(&command.name))
            .options(Ok(network_form(step, command)), &command.cloud_options),
        Command::CreateSubnet(command) => faults
            .no_description(command.description.as_ref())
            .unless(is_version_4(&command.cidr), "/cidr", VERSION_6)
            .unless(
                command.gateway_ip_address.is_none(),
                "/gateway_ip_address",
                "is always the first address of the subnet here",
            )
            .unless(command.dhcp != Some(false), "/dhcp", "is always on here")
            .unless(
                command.dns_servers.is_empty(),
                "/dns_servers",
                "are said for a whole network here, in its DHCP options",
            )
            .tags(&command.tags, Naming::Tag(&command.name))
            .options(subnet_form(step, command), &command.cloud_options),
        Command::Update(command) => faults.no_description(command.description.as_ref()).update(step, true),
        _ => faults,
    }
}

fn is_version_4(cidr: &str) -> bool {
    !cidr.contains(':')
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateNetwork(command)) => {
            let form = merge_or_refuse(network_form(act.step, command), &command.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<Network>(answer.required(&["vpc", "vpcId"])?)]))
        }
        (Verb::Create, Command::CreateSubnet(command)) => {
            let form = merge_or_refuse(subnet_form(act.step, command)?, &command.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<Subnet>(answer.required(&["subnet", "subnetId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => {
            updated(act, retag(act, command.name.as_ref(), command.tags.as_ref(), true).await?)
        }
        (Verb::Delete, _) => {
            let form = match act.step.kind.as_str() {
                "network" => Form::new("DeleteVpc").with("VpcId", act.target_key()?),
                _ => Form::new("DeleteSubnet").with("SubnetId", act.target_key()?),
            };
            Ok(done(&act.write(form).await?, vec![touched_target(act)?]))
        }
        _ => Err(act.step.unsupported()),
    }
}

fn network_form(step: &Step<'_>, command: &CreateNetwork) -> Form {
    let form = Form::new("CreateVpc").with_some("CidrBlock", command.cidr.as_ref());
    tagged(form, "vpc", step, &command.tags, Naming::Tag(&command.name))
}

fn subnet_form(step: &Step<'_>, command: &CreateSubnet) -> Result<Form> {
    let form = Form::new("CreateSubnet")
        .with("VpcId", key_of(step, command.network)?)
        .with("CidrBlock", &command.cidr)
        .with_some("AvailabilityZone", command.datacenter.as_ref());
    Ok(tagged(form, "subnet", step, &command.tags, Naming::Tag(&command.name)))
}
