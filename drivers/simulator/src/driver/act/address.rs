//! What is done to outside addresses, their bindings and quotas.

use driver_kit::Method;
use gateway_core::driver::{Done, Known, Touched};
use gateway_core::kind::{
    Canonical, Command, CreateIpAddress, CreateIpAddressBinding, Instance, IpAddress, IpAddressBinding,
    NetworkInterface, Verb,
};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::document::read;
use super::body::Body;
use super::{Site, request_id};

pub(super) fn body(body: Body<'_>, command: &CreateIpAddress) -> Result<Map<String, Value>> {
    let body = body.words("", command.description.as_deref(), &command.tags);
    Ok(body.naming("network", command.network)?.end())
}

/// Without a marker: there is one binding of an address at most.
pub(super) fn binding_body(body: Body<'_>, command: &CreateIpAddressBinding) -> Result<Map<String, Value>> {
    let body = body
        .naming("address", Some(command.address))?
        .naming("plug", command.network_interface)?
        .naming("machine", command.instance)?
        .with("inside", command.private_ip_address.as_deref());
    Ok(body.end())
}

/// What a new binding joins.
#[derive(Deserialize)]
struct Made {
    id: String,
    address: String,
    plug: String,
    machine: Option<String>,
}

pub(super) async fn binding(site: &Site<'_>) -> Result<Done> {
    if site.step.verb == Verb::Create {
        let (answer, request_id) = site.make().await?;
        let made: Made = read(&answer)?;
        let mut touched = vec![
            Touched::new(IpAddressBinding::KIND, made.id),
            Touched::new(IpAddress::KIND, made.address),
            Touched::new(NetworkInterface::KIND, made.plug),
        ];
        touched.extend(made.machine.map(|machine| Touched::new(Instance::KIND, machine)));
        return Ok(Done { touched, answer: None, request_id });
    }
    let target = site.step.target()?;
    let response = site.send(Method::DELETE, IpAddressBinding::KIND, &[&target.external_id], None).await?;
    let mut touched = vec![Touched::new(target.kind, target.native_key.as_str())];
    touched.extend(end(target, "address", IpAddress::KIND));
    touched.extend(end(target, "network_interface", NetworkInterface::KIND));
    touched.extend(end(target, "instance", Instance::KIND));
    Ok(Done { touched, answer: None, request_id: request_id(&response) })
}

/// What a binding joins, as its document names it.
fn end(binding: &Known, field: &str, kind: Kind) -> Option<Touched> {
    let id = binding.document.get(field)?.get("external_id")?.as_str()?;
    Some(Touched::new(kind, id))
}

pub(super) async fn update_quota(site: &Site<'_>) -> Result<Done> {
    let Command::UpdateQuota(command) = site.step.command else { return Err(site.step.unsupported()) };
    site.change([("most".to_owned(), json!(command.limit))].into_iter().collect()).await
}
