//! Commands of network interfaces, each of which is in one subnet.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::{Command, CreateNetworkInterface, NetworkInterface, UpdateNetworkInterface, Verb};

use super::action::{Action, done, touched};
use super::cloud_options::merge_valid;
use super::field_errors::FieldErrors;
use super::placement;
use super::reference::{key_of, keys_of};
use super::tagging::{retag, tagged, updated};
use crate::form::Form;
use crate::tags::Naming;
use crate::xml::Element;

const GROUPS: &str = "must not be empty: at this cloud every interface has a security group";

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    let errors = FieldErrors::default();
    match step.command {
        Command::CreateNetworkInterface(command) => validate_create(errors, step, command),
        Command::UpdateNetworkInterface(command) => {
            let naming = command.name.as_deref().map_or(Naming::Own, Naming::Tag);
            errors
                .require(
                    command.security_groups.as_ref().is_none_or(|groups| !groups.is_empty()),
                    "/security_groups",
                    GROUPS,
                )
                .changed_tags(step, command.tags.as_ref(), naming)
        }
        _ => errors,
    }
}

fn validate_create(errors: FieldErrors, step: &Step<'_>, command: &CreateNetworkInterface) -> FieldErrors {
    let subnet = command.addresses.first().map(|address| address.subnet);
    let given = || command.addresses.iter().filter_map(|address| address.ip_address.as_deref());
    let number = given().count();
    errors
        .require(
            command.addresses.iter().all(|address| Some(address.subnet) == subnet),
            "/addresses",
            "must be in one subnet",
        )
        .require(
            number == 0 || number == command.addresses.len(),
            "/addresses",
            "must have `ip_address` in all entries or in none",
        )
        .require(
            !given().any(|address| address.contains(':')),
            "/addresses",
            "must be IPv4 addresses; set IPv6 addresses in `cloud_options`",
        )
        .require(
            command.security_groups.as_ref().is_none_or(|groups| !groups.is_empty()),
            "/security_groups",
            GROUPS,
        )
        .tags(&command.tags, Naming::Tag(&command.name))
        .options(form(step, command, ""), &command.cloud_options)
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateNetworkInterface(command)) => create(action, command).await,
        (Verb::Update, Command::UpdateNetworkInterface(command)) => update(action, command).await,
        (Verb::Delete, _) => {
            let form = Form::new("DeleteNetworkInterface").with("NetworkInterfaceId", action.target_key()?);
            action.write_target(form).await
        }
        _ => Err(action.step.unsupported()),
    }
}

async fn create(action: &Action<'_>, command: &CreateNetworkInterface) -> Result<Done> {
    let subnet = match command.addresses.first() {
        Some(address) => key_of(action.step, address.subnet)?.to_owned(),
        None => {
            let network = key_of(action.step, command.network)?;
            placement::in_network(action, network, None, "/network").await?.subnet
        }
    };
    let form = merge_valid(form(action.step, command, &subnet)?, &command.cloud_options)?;
    let answer = action.write(form).await?;
    let id = answer.required(&["networkInterface", "networkInterfaceId"])?;
    Ok(done(&answer, vec![touched::<NetworkInterface>(id)]))
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

/// Changes one attribute per call, as EC2 requires. The attributes that EC2 may refuse come first, so that a refusal
/// leaves everything as it was.
async fn update(action: &Action<'_>, command: &UpdateNetworkInterface) -> Result<Done> {
    let mut last: Option<Element> = None;
    let key = action.target_key()?;
    let attribute = || Form::new("ModifyNetworkInterfaceAttribute").with("NetworkInterfaceId", key);
    if let Some(groups) = &command.security_groups {
        let form = attribute().with_list("SecurityGroupId", keys_of(action.step, groups)?);
        last = Some(action.write(form).await?);
    }
    if let Some(description) = &command.description {
        let described = action.write(attribute().with("Description.Value", description)).await;
        last = Some(described.map_err(|error| error.after_a_part(last.is_some()))?);
    }
    let retagged = retag(action, command.name.as_ref(), command.tags.as_ref(), true).await;
    let retagged = retagged.map_err(|error| error.after_a_part(last.is_some()))?;
    updated(action, retagged.or(last))
}
