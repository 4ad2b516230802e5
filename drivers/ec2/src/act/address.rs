//! Elastic addresses, and what they lead to.

use std::net::IpAddr;

use gateway_core::driver::{Done, Step, Touched};
use gateway_core::kind::{
    Command, CreateIpAddress, CreateIpAddressBinding, Instance, IpAddress, IpAddressBinding,
    NetworkInterface, Verb,
};
use gateway_core::{Error, Result};

use super::cloud_options::merge_or_refuse;
use super::faults::Faults;
use super::tagging::{Naming, retag, tagged, updated};
use super::{Act, done, key_of, reference, touched, touched_target};
use crate::form::Form;
use crate::xml::Element;

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    match step.command {
        Command::CreateIpAddress(command) => faults
            .no_description(command.description.as_ref())
            .unless(
                command.network.is_none(),
                "/network",
                "this type of cloud takes addresses from no network",
            )
            .tags(&command.tags, Naming::Own)
            .options(Ok(form(step, command)), &command.cloud_options),
        Command::Update(command) => faults.no_description(command.description.as_ref()).update(step, true),
        _ => faults,
    }
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateIpAddress(command)) => {
            let form = merge_or_refuse(form(act.step, command), &command.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<IpAddress>(answer.required(&["allocationId"])?)]))
        }
        (Verb::Create, Command::CreateIpAddressBinding(command)) => bind(act, command).await,
        (Verb::Update, Command::Update(command)) => {
            updated(act, retag(act, command.name.as_ref(), command.tags.as_ref(), true).await?)
        }
        (Verb::Delete, _) if act.step.kind.as_str() == "ip_address_binding" => unbind(act).await,
        (Verb::Delete, _) => {
            let key = act.target_key()?;
            let answer = act.write(Form::new("ReleaseAddress").with(parameter(key), key)).await?;
            Ok(done(&answer, vec![touched_target(act)?]))
        }
        _ => Err(act.step.unsupported()),
    }
}

/// An address outside of VPCs has no allocation and is its own key.
fn parameter(key: &str) -> &'static str {
    if key.parse::<IpAddr>().is_ok() { "PublicIp" } else { "AllocationId" }
}

fn form(step: &Step<'_>, command: &CreateIpAddress) -> Form {
    let form = Form::new("AllocateAddress").with("Domain", "vpc");
    tagged(form, "elastic-ip", step, &command.tags, Naming::Own)
}

async fn bind(act: &Act<'_>, command: &CreateIpAddressBinding) -> Result<Done> {
    let address = key_of(act.step, command.address)?;
    let end = end_of(act, command).await?;
    // Without the last, EC2 takes an address away from where it leads.
    let form = Form::new("AssociateAddress")
        .with(parameter(address), address)
        .with(end.parameter, end.key)
        .with_some("PrivateIpAddress", command.private_ip_address.as_ref())
        .with("AllowReassociation", false);
    let answer = act.write(form).await?;
    let binding = touched::<IpAddressBinding>(answer.required(&["associationId"])?);
    Ok(done(&answer, [vec![binding, touched::<IpAddress>(address)], end.touched].concat()))
}

/// Where a binding leads.
struct End {
    parameter: &'static str,
    key: String,
    touched: Vec<Touched>,
}

async fn end_of(act: &Act<'_>, command: &CreateIpAddressBinding) -> Result<End> {
    if let Some(interface) = command.network_interface {
        let interface = act.step.named.get(interface)?;
        let key = interface.native_key.clone();
        let holder = reference(&interface.document, "instance").map(touched::<Instance>);
        let touched = std::iter::once(touched::<NetworkInterface>(&key)).chain(holder).collect();
        return Ok(End { parameter: "NetworkInterfaceId", key, touched });
    }
    let instance = command.instance.ok_or_else(|| Error::internal("a binding leads somewhere"))?;
    let instance = key_of(act.step, instance)?;
    let answer = act.read(Form::new("DescribeInstances").with_list("InstanceId", [instance])).await?;
    let reservations = answer.items(&["reservationSet"]);
    let found = reservations.flat_map(|one| one.items(&["instancesSet"])).next();
    let interfaces: Vec<_> = found.into_iter().flat_map(|one| one.items(&["networkInterfaceSet"])).collect();
    let first = first_interface(&interfaces);
    let touched = std::iter::once(touched::<Instance>(instance))
        .chain(first.map(touched::<NetworkInterface>))
        .collect();
    // By the instance alone EC2 refuses where there are several.
    Ok(match first.filter(|_| interfaces.len() > 1) {
        Some(first) => End { parameter: "NetworkInterfaceId", key: first.to_owned(), touched },
        None => End { parameter: "InstanceId", key: instance.to_owned(), touched },
    })
}

fn first_interface<'a>(interfaces: &[&'a Element]) -> Option<&'a str> {
    let first = interfaces.iter().find(|one| one.text_at(&["attachment", "deviceIndex"]) == Some("0"))?;
    first.text_at(&["networkInterfaceId"])
}

async fn unbind(act: &Act<'_>) -> Result<Done> {
    let target = act.target()?;
    let form = Form::new("DisassociateAddress").with("AssociationId", &target.native_key);
    let answer = act.write(form).await?;
    let other = |field| reference(&target.document, field);
    let mut seen = vec![touched_target(act)?];
    seen.extend(other("address").map(touched::<IpAddress>));
    seen.extend(other("network_interface").map(touched::<NetworkInterface>));
    seen.extend(other("instance").map(touched::<Instance>));
    Ok(done(&answer, seen))
}
