//! Commands of associations of elastic addresses.

use gateway_core::driver::{Done, Session, Step, Touched};
use gateway_core::id::Region;
use gateway_core::kind::{
    Command, CreateIpAddressBinding, Instance, IpAddress, IpAddressBinding, NetworkInterface, Verb,
};
use gateway_core::{Error, Kind, Result};
use serde_json::Value;

use super::action::{Action, done, touched};
use super::reference::{key_of, reference};
use crate::form::Form;
use crate::kinds::ip_address::parameter;
use crate::xml::Element;

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateIpAddressBinding(command)) => create(action, command).await,
        (Verb::Delete, _) => delete(action).await,
        _ => Err(action.step.unsupported()),
    }
}

/// Finds a binding in the document of its address, which also names the target.
///
/// # Errors
/// The cloud's error.
pub(crate) async fn find(
    session: &(impl Session + ?Sized),
    region: &Region,
    step: &Step<'_>,
    command: &CreateIpAddressBinding,
) -> Result<Option<Touched>> {
    let (field, target) = match (command.network_interface, command.instance) {
        (Some(interface), _) => ("network_interface", interface),
        (None, Some(instance)) => ("instance", instance),
        (None, None) => return Err(no_target()),
    };
    let target = key_of(step, target)?;
    let address = session.get(region, Kind::IpAddress, key_of(step, command.address)?).await?;
    let Some(address) = address.filter(|address| reference(&address.fields, field) == Some(target)) else {
        return Ok(None);
    };
    let binding = address.raw.get("associationId").and_then(Value::as_str).filter(|id| !id.is_empty());
    Ok(binding.map(touched::<IpAddressBinding>))
}

fn no_target() -> Error {
    Error::internal("a binding names an interface or an instance")
}

async fn create(action: &Action<'_>, command: &CreateIpAddressBinding) -> Result<Done> {
    let address = key_of(action.step, command.address)?;
    let target = Target::of(action, command).await?;
    let (name, key) = parameter(address);
    // With reassociation allowed, EC2 would take an address away from its present target.
    let form = Form::new("AssociateAddress")
        .with(name, key)
        .with(target.parameter, target.key)
        .with_some("PrivateIpAddress", command.private_ip_address.as_ref())
        .with("AllowReassociation", false);
    let answer = action.write(form).await?;
    let binding = touched::<IpAddressBinding>(answer.required(&["associationId"])?);
    Ok(done(&answer, [vec![binding, touched::<IpAddress>(address)], target.touched].concat()))
}

/// The target of a binding.
struct Target {
    parameter: &'static str,
    key: String,
    touched: Vec<Touched>,
}

impl Target {
    async fn of(action: &Action<'_>, command: &CreateIpAddressBinding) -> Result<Self> {
        match (command.network_interface, command.instance) {
            (Some(interface), _) => {
                let interface = action.step.named.get(interface)?;
                let key = interface.native_key.clone();
                let instance = reference(&interface.document, "instance").map(touched::<Instance>);
                let touched = std::iter::once(touched::<NetworkInterface>(&key)).chain(instance).collect();
                Ok(Self { parameter: "NetworkInterfaceId", key, touched })
            }
            (None, Some(instance)) => Self::of_instance(action, key_of(action.step, instance)?).await,
            (None, None) => Err(no_target()),
        }
    }

    /// Returns an instance, or its first interface if it has several: EC2 refuses such an instance as a target.
    async fn of_instance(action: &Action<'_>, instance: &str) -> Result<Self> {
        let form = Form::new("DescribeInstances").with_list("InstanceId", [instance]);
        let answer = action.read(form).await?;
        let reservations = answer.items(&["reservationSet"]);
        let found = reservations.flat_map(|one| one.items(&["instancesSet"])).next();
        let interfaces: Vec<_> =
            found.into_iter().flat_map(|one| one.items(&["networkInterfaceSet"])).collect();
        let first = first_interface(&interfaces);
        let touched = std::iter::once(touched::<Instance>(instance))
            .chain(first.map(touched::<NetworkInterface>))
            .collect();
        Ok(match first.filter(|_| interfaces.len() > 1) {
            Some(first) => Self { parameter: "NetworkInterfaceId", key: first.to_owned(), touched },
            None => Self { parameter: "InstanceId", key: instance.to_owned(), touched },
        })
    }
}

fn first_interface<'a>(interfaces: &[&'a Element]) -> Option<&'a str> {
    let first = interfaces.iter().find(|one| one.text_at(&["attachment", "deviceIndex"]) == Some("0"))?;
    first.text_at(&["networkInterfaceId"])
}

async fn delete(action: &Action<'_>) -> Result<Done> {
    let target = action.target()?;
    let form = Form::new("DisassociateAddress").with("AssociationId", &target.native_key);
    let answer = action.write(form).await?;
    let other = |field| reference(&target.document, field);
    let mut resources = vec![action.touched_target()?];
    resources.extend(other("address").map(touched::<IpAddress>));
    resources.extend(other("network_interface").map(touched::<NetworkInterface>));
    resources.extend(other("instance").map(touched::<Instance>));
    Ok(done(&answer, resources))
}
