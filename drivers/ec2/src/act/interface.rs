//! Network interfaces, each in one subnet.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateNetworkInterface, NetworkInterface, UpdateNetworkInterface, Verb};

use super::cloud_options::merge_or_refuse;
use super::faults::Faults;
use super::tagging::{Naming, retag, tagged, updated};
use super::{Act, done, key_of, keys_of, place, touched, touched_target};
use crate::form::Form;
use crate::xml::Element;

const GROUPS: &str = "must be one at least: no interface is without a group here";

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    match step.command {
        Command::CreateNetworkInterface(command) => {
            let subnet = command.addresses.first().map(|address| address.subnet);
            let given = || command.addresses.iter().filter_map(|address| address.ip_address.as_deref());
            let number = given().count();
            faults
                .unless(
                    command.addresses.iter().all(|address| Some(address.subnet) == subnet),
                    "/addresses",
                    "must be of one subnet here",
                )
                .unless(
                    number == 0 || number == command.addresses.len(),
                    "/addresses",
                    "must all have `ip_address` or none of them",
                )
                .unless(
                    !given().any(|address| address.contains(':')),
                    "/addresses",
                    "must be of version 4 here: those of version 6 go into `cloud_options`",
                )
                .unless(
                    command.security_groups.as_ref().is_none_or(|groups| !groups.is_empty()),
                    "/security_groups",
                    GROUPS,
                )
                .tags(&command.tags, Naming::Tag(&command.name))
                .options(form(step, command, ""), &command.cloud_options)
        }
        Command::UpdateNetworkInterface(command) => {
            let nothing = serde_json::Map::new();
            let has =
                step.target.and_then(|target| target.document.get("tags")?.as_object()).unwrap_or(&nothing);
            let naming = command.name.as_deref().map_or(Naming::Own, Naming::Tag);
            let faults = faults.unless(
                command.security_groups.as_ref().is_none_or(|groups| !groups.is_empty()),
                "/security_groups",
                GROUPS,
            );
            command.tags.iter().fold(faults, |faults, tags| faults.tags_beside(tags, naming, has))
        }
        _ => faults,
    }
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateNetworkInterface(command)) => {
            let subnet = match command.addresses.first() {
                Some(address) => key_of(act.step, address.subnet)?.to_owned(),
                None => {
                    place::in_network(act, key_of(act.step, command.network)?, None, "/network").await?.subnet
                }
            };
            let form = merge_or_refuse(form(act.step, command, &subnet)?, &command.cloud_options)?;
            let answer = act.write(form).await?;
            let id = answer.required(&["networkInterface", "networkInterfaceId"])?;
            Ok(done(&answer, vec![touched::<NetworkInterface>(id)]))
        }
        (Verb::Update, Command::UpdateNetworkInterface(command)) => update(act, command).await,
        (Verb::Delete, _) => {
            let form = Form::new("DeleteNetworkInterface").with("NetworkInterfaceId", act.target_key()?);
            Ok(done(&act.write(form).await?, vec![touched_target(act)?]))
        }
        _ => Err(act.step.unsupported()),
    }
}

fn form(step: &Step<'_>, command: &CreateNetworkInterface, subnet: &str) -> Result<Form> {
    let groups = keys_of(step, command.security_groups.as_deref().unwrap_or_default())?;
    let given: Vec<_> =
        command.addresses.iter().filter_map(|address| address.ip_address.as_deref()).collect();
    let mut form = Form::new("CreateNetworkInterface")
        .with("SubnetId", subnet)
        .with_some("Description", command.description.as_ref())
        .with_list("SecurityGroupId", groups)
        .with("ClientToken", step.marker);
    for (at, address) in given.iter().enumerate() {
        let name = format!("PrivateIpAddresses.{}", at + 1);
        form =
            form.with(format!("{name}.PrivateIpAddress"), address).with(format!("{name}.Primary"), at == 0);
    }
    if given.is_empty() && command.addresses.len() > 1 {
        form = form.with("SecondaryPrivateIpAddressCount", command.addresses.len() - 1);
    }
    Ok(tagged(form, "network-interface", step, &command.tags, Naming::Tag(&command.name)))
}

/// EC2 changes one attribute a call. What it may refuse comes first: then a refusal leaves all as it was.
async fn update(act: &Act<'_>, command: &UpdateNetworkInterface) -> Result<Done> {
    let mut last: Option<Element> = None;
    let attribute =
        || Ok(Form::new("ModifyNetworkInterfaceAttribute").with("NetworkInterfaceId", act.target_key()?));
    if let Some(groups) = &command.security_groups {
        let form: Result<Form> = attribute();
        last = Some(act.write(form?.with_list("SecurityGroupId", keys_of(act.step, groups)?)).await?);
    }
    if let Some(description) = &command.description {
        let form: Result<Form> = attribute();
        let described = act.write(form?.with("Description.Value", description)).await;
        last = Some(described.map_err(|error| error.after_a_part(last.is_some()))?);
    }
    let retagged = retag(act, command.name.as_ref(), command.tags.as_ref(), true).await;
    let retagged = retagged.map_err(|error| error.after_a_part(last.is_some()))?;
    updated(act, retagged.or(last))
}
