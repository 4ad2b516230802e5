//! A router's interfaces in subnets, and its external gateway.

use gateway_core::driver::{Done, Known, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Kind, RouterGateway, RouterSubnet};
use serde_json::{Value, json};

use super::collection::Collection;
use crate::actions::action::Action;
use crate::client::{Answer, Write};
use crate::error::has_code;
use crate::related::router_ports;
use crate::service::Service;

pub(super) async fn add_interface(action: &Action<'_>, command: &RouterSubnet) -> Result<Done> {
    let (router, subnet) = (action.step.target()?, action.id(command.subnet)?);
    match change_interface(action, router, "add_router_interface", subnet).await {
        Ok(answer) => Ok(done(router, port_of(&answer)?.as_deref(), answer.request_id)),
        // Neutron refuses a repetition with a general error: the ports show whether the first attempt succeeded.
        Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Conflict) => {
            match current_interface(action, router, subnet).await {
                Ok(Some(port)) => Ok(done(router, Some(&port), None)),
                Ok(None) | Err(_) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn remove_interface(action: &Action<'_>, command: &RouterSubnet) -> Result<Done> {
    let (router, subnet) = (action.step.target()?, action.id(command.subnet)?);
    match change_interface(action, router, "remove_router_interface", subnet).await {
        Ok(answer) => Ok(done(router, port_of(&answer)?.as_deref(), answer.request_id)),
        Err(error) if has_code(&error, "RouterInterfaceNotFoundForSubnet") => {
            Ok(done(router, last_known_interface(router, subnet), None))
        }
        Err(error) => Err(error),
    }
}

/// Sets the external network. If it is set already, its other settings stay.
pub(super) async fn set_gateway(action: &Action<'_>, command: &RouterGateway) -> Result<Done> {
    let router = action.step.target()?;
    let network = command.external_network.ok_or_else(|| Error::invalid("`external_network` is required"))?;
    let network = action.id(network)?;
    let current = Collection::of(Kind::Router)?.read(action, &router.external_id).await?;
    if current.is_some_and(|current| current["external_gateway_info"]["network_id"] == network) {
        return Ok(done(router, None, None));
    }
    write_gateway(action, router, json!({ "network_id": network })).await
}

pub(super) async fn clear_gateway(action: &Action<'_>) -> Result<Done> {
    write_gateway(action, action.step.target()?, Value::Null).await
}

async fn write_gateway(action: &Action<'_>, router: &Known, gateway: Value) -> Result<Done> {
    let body = json!({ "router": { "external_gateway_info": gateway } });
    let path = ["routers", router.external_id.as_str()];
    action.done(action.write(Write::put(Service::Network, &path, body)).await?.request_id)
}

async fn change_interface(action: &Action<'_>, router: &Known, verb: &str, subnet: &str) -> Result<Answer> {
    let path = ["routers", router.external_id.as_str(), verb];
    action.write(Write::put(Service::Network, &path, json!({ "subnet_id": subnet }))).await
}

fn port_of(answer: &Answer) -> Result<Option<String>> {
    Ok(answer.document(None)?["port_id"].as_str().map(str::to_owned))
}

/// Reads the id of the router's interface in a subnet.
async fn current_interface(action: &Action<'_>, router: &Known, subnet: &str) -> Result<Option<String>> {
    let in_subnet = format!("subnet_id={subnet}");
    let query = [("device_id", router.external_id.as_str()), ("fixed_ips", in_subnet.as_str())];
    let ports = Collection::of(Kind::NetworkInterface)?.all(action, &query).await?;
    let interface = ports.into_iter().find(router_ports::is_interface);
    Ok(interface.and_then(|port| port["id"].as_str().map(str::to_owned)))
}

/// Returns the id of the router's interface in a subnet from the stored document.
fn last_known_interface<'a>(router: &'a Known, subnet: &str) -> Option<&'a str> {
    let interfaces = router.document.get("interfaces")?.as_array()?;
    let interface = interfaces.iter().find(|one| one["subnet"]["external_id"] == subnet)?;
    interface["network_interface"]["external_id"].as_str()
}

fn done(router: &Known, port: Option<&str>, request_id: Option<String>) -> Done {
    let mut touched = vec![Touched::new(Kind::Router, &router.native_key)];
    touched.extend(port.map(|port| Touched::new(Kind::NetworkInterface, port)));
    Done { touched, answer: None, request_id }
}
