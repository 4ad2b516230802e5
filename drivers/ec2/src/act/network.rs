//! VPCs and their subnets.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kinds::{Network, Subnet};
use gateway_core::order::{CreateNetwork, CreateSubnet, Order};
use gateway_core::verb::Verb;

use super::cloud_options::merge_or_refuse;
use super::faults::Faults;
use super::tagging::{Naming, retag, tagged, updated};
use super::{Act, done, key_of, touched, touched_target};
use crate::form::Form;

const VERSION_6: &str = "must be of version 4 here: ranges of version 6 go into `cloud_options`";

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    match step.order {
        Order::CreateNetwork(order) => faults
            .no_description(order.description.as_ref())
            .unless(order.cidr.is_some(), "/cidr", "must be given: networks have a range of addresses here")
            .unless(order.cidr.as_deref().is_none_or(is_version_4), "/cidr", VERSION_6)
            .tags(&order.tags, Naming::Tag(&order.name))
            .options(Ok(network_form(step, order)), &order.cloud_options),
        Order::CreateSubnet(order) => faults
            .no_description(order.description.as_ref())
            .unless(is_version_4(&order.cidr), "/cidr", VERSION_6)
            .unless(
                order.gateway_ip_address.is_none(),
                "/gateway_ip_address",
                "is always the first address of the subnet here",
            )
            .unless(order.dhcp != Some(false), "/dhcp", "is always on here")
            .unless(
                order.dns_servers.is_empty(),
                "/dns_servers",
                "are said for a whole network here, in its DHCP options",
            )
            .tags(&order.tags, Naming::Tag(&order.name))
            .options(subnet_form(step, order), &order.cloud_options),
        Order::Update(order) => faults.no_description(order.description.as_ref()).update(step, true),
        _ => faults,
    }
}

fn is_version_4(cidr: &str) -> bool {
    !cidr.contains(':')
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.order) {
        (Verb::Create, Order::CreateNetwork(order)) => {
            let form = merge_or_refuse(network_form(act.step, order), &order.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<Network>(answer.required(&["vpc", "vpcId"])?)]))
        }
        (Verb::Create, Order::CreateSubnet(order)) => {
            let form = merge_or_refuse(subnet_form(act.step, order)?, &order.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<Subnet>(answer.required(&["subnet", "subnetId"])?)]))
        }
        (Verb::Update, Order::Update(order)) => {
            updated(act, retag(act, order.name.as_ref(), order.tags.as_ref(), true).await?)
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

fn network_form(step: &Step<'_>, order: &CreateNetwork) -> Form {
    let form = Form::new("CreateVpc").with_some("CidrBlock", order.cidr.as_ref());
    tagged(form, "vpc", step, &order.tags, Naming::Tag(&order.name))
}

fn subnet_form(step: &Step<'_>, order: &CreateSubnet) -> Result<Form> {
    let form = Form::new("CreateSubnet")
        .with("VpcId", key_of(step, order.network)?)
        .with("CidrBlock", &order.cidr)
        .with_some("AvailabilityZone", order.datacenter.as_ref());
    Ok(tagged(form, "subnet", step, &order.tags, Naming::Tag(&order.name)))
}
