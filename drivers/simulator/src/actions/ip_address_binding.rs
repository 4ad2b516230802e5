//! Commands of bindings of public addresses.

use driver_kit::Method;
use gateway_core::driver::{Done, Known, Touched};
use gateway_core::kind::{Command, CreateIpAddressBinding};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::body::Body;
use super::site::{Site, request_id};
use crate::document::read;

/// Returns the members of a create. They have no marker, because an address has one binding at most.
pub(crate) fn body(body: Body<'_>, command: &CreateIpAddressBinding) -> Result<Map<String, Value>> {
    let body = body
        .with_id("address", Some(command.address))?
        .with_id("nic", command.network_interface)?
        .with_id("machine", command.instance)?
        .with("private_ip", command.private_ip_address.as_deref());
    Ok(body.finish())
}

/// The document of a new binding.
#[derive(Deserialize)]
struct Created {
    id: String,
    address: String,
    nic: String,
    machine: Option<String>,
}

/// Binds or unbinds an address.
pub(crate) async fn act(site: &Site<'_>) -> Result<Done> {
    if let Command::CreateIpAddressBinding(command) = site.step.command {
        let (answer, request_id) = site.post(body(Body::new(site.step), command)?).await?;
        let created: Created = read(&answer)?;
        let mut touched = vec![
            Touched::new(Kind::IpAddressBinding, created.id),
            Touched::new(Kind::IpAddress, created.address),
            Touched::new(Kind::NetworkInterface, created.nic),
        ];
        touched.extend(created.machine.map(|machine| Touched::new(Kind::Instance, machine)));
        return Ok(Done { touched, answer: None, request_id });
    }
    let target = site.step.target()?;
    let response = site.send(Method::DELETE, Kind::IpAddressBinding, &[&target.external_id], None).await?;
    let mut touched = vec![Touched::new(target.kind, target.native_key.as_str())];
    touched.extend(associated(target, "address", Kind::IpAddress));
    touched.extend(associated(target, "network_interface", Kind::NetworkInterface));
    touched.extend(associated(target, "instance", Kind::Instance));
    Ok(Done { touched, answer: None, request_id: request_id(&response) })
}

/// Returns a resource that the document of a binding names.
fn associated(binding: &Known, field: &str, kind: Kind) -> Option<Touched> {
    let id = binding.document.get(field)?.get("external_id")?.as_str()?;
    Some(Touched::new(kind, id))
}
