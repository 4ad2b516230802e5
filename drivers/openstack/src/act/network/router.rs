//! The ends of a router: its interfaces in subnets, and its gateway to the outside.

use gateway_core::driver::{Done, Known, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Canonical, NetworkInterface, Router, RouterGateway, RouterSubnet};
use serde_json::{Value, json};

use super::place::Place;
use super::read;
use crate::act::Act;
use crate::catalog::Service;
use crate::connection::{Answer, Write};
use crate::router_ports;

pub(super) async fn add_interface(act: &Act<'_>, command: &RouterSubnet) -> Result<Done> {
    let (router, subnet) = (act.step.target()?, act.id(command.subnet)?);
    match plug(act, router, "add_router_interface", subnet).await {
        Ok(answer) => Ok(done(router, port_of(&answer)?.as_deref(), answer.request_id)),
        // A second try is refused as any odd order is: what is there tells whether the first was done.
        Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Conflict) => {
            match there_already(act, router, subnet).await {
                Ok(Some(port)) => Ok(done(router, Some(&port), None)),
                Ok(None) | Err(_) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn remove_interface(act: &Act<'_>, command: &RouterSubnet) -> Result<Done> {
    let (router, subnet) = (act.step.target()?, act.id(command.subnet)?);
    match plug(act, router, "remove_router_interface", subnet).await {
        Ok(answer) => Ok(done(router, port_of(&answer)?.as_deref(), answer.request_id)),
        Err(error) if said(&error, "RouterInterfaceNotFoundForSubnet") => {
            Ok(done(router, port_before(router, subnet), None))
        }
        Err(error) => Err(error),
    }
}

/// Leads a router out; one that leads there already keeps how it does so.
pub(super) async fn set_gateway(act: &Act<'_>, command: &RouterGateway) -> Result<Done> {
    let router = act.step.target()?;
    let outside = command.external_network.ok_or_else(|| Error::invalid("no external network is given"))?;
    let outside = act.id(outside)?;
    let now = read(act, Router::KIND, &router.external_id).await?;
    if now.is_some_and(|now| now["external_gateway_info"]["network_id"] == outside) {
        return Ok(done(router, None, None));
    }
    gateway(act, router, json!({ "network_id": outside })).await
}

pub(super) async fn clear_gateway(act: &Act<'_>) -> Result<Done> {
    gateway(act, act.step.target()?, Value::Null).await
}

async fn gateway(act: &Act<'_>, router: &Known, gateway: Value) -> Result<Done> {
    let body = json!({ "router": { "external_gateway_info": gateway } });
    act.done(act.write(Write::put(Service::Network, &["routers", &router.external_id], body)).await?)
}

async fn plug(act: &Act<'_>, router: &Known, verb: &str, subnet: &str) -> Result<Answer> {
    let path = ["routers", router.external_id.as_str(), verb];
    act.write(Write::put(Service::Network, &path, json!({ "subnet_id": subnet }))).await
}

fn port_of(answer: &Answer) -> Result<Option<String>> {
    Ok(answer.document(None)?["port_id"].as_str().map(str::to_owned))
}

/// The router's interface in a subnet.
async fn there_already(act: &Act<'_>, router: &Known, subnet: &str) -> Result<Option<String>> {
    let place = Place::of(NetworkInterface::KIND)?;
    let in_subnet = format!("subnet_id={subnet}");
    let query = [("device_id", router.external_id.as_str()), ("fixed_ips", in_subnet.as_str())];
    let ports = act.asker.every(Service::Network, &[place.path], &query, &place.pages()).await?;
    let end = ports.into_iter().find(router_ports::is_end);
    Ok(end.and_then(|port| port["id"].as_str().map(str::to_owned)))
}

/// The interface in a subnet that the router had when it was last seen.
fn port_before<'a>(router: &'a Known, subnet: &str) -> Option<&'a str> {
    let ends = router.document.get("interfaces")?.as_array()?;
    let end = ends.iter().find(|end| end["subnet"]["external_id"] == subnet)?;
    end["network_interface"]["external_id"].as_str()
}

fn done(router: &Known, port: Option<&str>, request_id: Option<String>) -> Done {
    let mut touched = vec![Touched::new(Router::KIND, &router.native_key)];
    touched.extend(port.map(|port| Touched::new(NetworkInterface::KIND, port)));
    Done { touched, answer: None, request_id }
}

/// Whether Neutron refused for that reason.
pub(super) fn said(error: &Error, reason: &str) -> bool {
    error.cloud().is_some_and(|words| words.code == reason)
}
