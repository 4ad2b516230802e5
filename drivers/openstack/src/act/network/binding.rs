//! Where an outside address leads: to a port, or to the first of a server's that it can reach.
//!
//! Neutron would lead an address elsewhere without a word. Here it is told which revision of the address is meant, so
//! that what somebody else did meanwhile is noticed and left alone.

use std::net::Ipv4Addr;

use gateway_core::driver::{Done, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Canonical, CreateIpAddressBinding, IpAddress, IpAddressBinding, NetworkInterface};
use serde_json::{Map, Value, json};

use super::form::object;
use super::place::Place;
use super::router::said;
use super::{read, touched};
use crate::act::Act;
use crate::catalog::Service;
use crate::connection::{Answer, Write};

/// How often the address is looked at anew when it changed under us: Neutron itself changes it once, when it works.
const LOOKS: usize = 4;

pub(super) async fn make(act: &Act<'_>, command: &CreateIpAddressBinding) -> Result<Done> {
    let address = act.id(command.address)?;
    let ports = ports(act, command).await.map_err(Error::untouched)?;
    let mut refusal = None;
    for port in &ports {
        let mut told = object([("port_id", json!(port))]);
        told.extend(
            command.private_ip_address.iter().map(|inside| ("fixed_ip_address".to_owned(), json!(inside))),
        );
        let led = lead(act, address, &told, |now| leads_there(now, command, &ports)).await;
        match led {
            Err(error) if said(&error, "ExternalGatewayForFloatingIPNotFound") => refusal = Some(error),
            other => return other,
        }
    }
    Err(refusal.map_or_else(no_port, unreachable))
}

pub(super) async fn end(act: &Act<'_>) -> Result<Done> {
    let target = act.step.target()?;
    let (address, port) = target
        .native_key
        .split_once('/')
        .ok_or_else(|| Error::internal("the key of a binding is not one of this driver"))?;
    let told = object([("port_id", Value::Null)]);
    let mut done = lead(act, address, &told, |now| match now["port_id"].as_str() {
        Some(now) if now == port => Ok(Is::NotYet),
        // It ended, if only by leading elsewhere since.
        _ => Ok(Is::So),
    })
    .await?;
    let binding = Touched::new(IpAddressBinding::KIND, &target.native_key);
    done.touched.retain(|touched| *touched != binding);
    done.touched.insert(0, binding);
    Ok(done)
}

/// One that leads where the order says is the one.
pub(super) async fn find(act: &Act<'_>, command: &CreateIpAddressBinding) -> Result<Option<Touched>> {
    let Some(now) = read(act, IpAddress::KIND, act.id(command.address)?).await? else { return Ok(None) };
    let ports = ports(act, command).await?;
    let is_there = matches!(leads_there(&now, command, &ports), Ok(Is::So));
    let key = touched::binding(&now).filter(|_| is_there);
    Ok(key.map(|key| Touched::new(IpAddressBinding::KIND, key)))
}

/// Whether an address is as it should be.
enum Is {
    So,
    NotYet,
}

fn leads_there(now: &Value, command: &CreateIpAddressBinding, ports: &[String]) -> Result<Is> {
    let Some(port) = now["port_id"].as_str() else { return Ok(Is::NotYet) };
    let inside = command.private_ip_address.as_deref().is_none_or(|inside| now["fixed_ip_address"] == inside);
    if inside && ports.iter().any(|wanted| wanted == port) {
        return Ok(Is::So);
    }
    let message = "the address leads elsewhere: that binding must be ended first";
    Err(Error::new(ErrorKind::Conflict, message).at("/address"))
}

/// Leads an address, unless it leads there or must not be touched; looks again where it changed under us.
async fn lead(
    act: &Act<'_>,
    address: &str,
    told: &Map<String, Value>,
    is_so: impl Fn(&Value) -> Result<Is>,
) -> Result<Done> {
    let mut looks = 0;
    loop {
        looks += 1;
        let Some(now) = read(act, IpAddress::KIND, address).await? else {
            return Err(Error::new(ErrorKind::NotFound, "the cloud has no such address"));
        };
        if matches!(is_so(&now)?, Is::So) {
            return Ok(done(&[&now], None));
        }
        match write(act, address, told, now["revision_number"].as_u64()).await {
            Ok(answer) => {
                let then = answer.document(Some("floatingip"))?;
                return Ok(done(&[&then, &now], answer.request_id));
            }
            Err(error) if looks < LOOKS && said(&error, "RevisionNumberConstraintFailed") => {}
            Err(error) => return Err(error),
        }
    }
}

async fn write(act: &Act<'_>, address: &str, told: &Map<String, Value>, at: Option<u64>) -> Result<Answer> {
    let path = ["floatingips", address];
    let write = Write::put(Service::Network, &path, json!({ "floatingip": told }));
    act.write(match at {
        Some(revision) => write.only_at(revision),
        None => write,
    })
    .await
}

/// The ports that an order may mean, the first that is meant first.
async fn ports(act: &Act<'_>, command: &CreateIpAddressBinding) -> Result<Vec<String>> {
    if let Some(interface) = command.network_interface {
        return Ok(vec![act.id(interface)?.to_owned()]);
    }
    let instance = command.instance.ok_or_else(|| Error::invalid("neither an interface nor an instance"))?;
    let place = Place::of(NetworkInterface::KIND)?;
    let query = [("device_id", act.id(instance)?)];
    let ports = act.asker.every(Service::Network, &[place.path], &query, &place.pages()).await?;
    Ok(in_order(ports, command.private_ip_address.as_deref()))
}

/// Ports that an address of version 4 can lead to, in the order in which the server got them.
fn in_order(mut ports: Vec<Value>, inside: Option<&str>) -> Vec<String> {
    ports.retain(|port| {
        let addresses = port["fixed_ips"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut addresses = addresses.iter().filter_map(|address| address["ip_address"].as_str());
        addresses.any(|address| match inside {
            Some(inside) => address == inside,
            None => address.parse::<Ipv4Addr>().is_ok(),
        })
    });
    let text = |port: &Value, name: &str| port[name].as_str().unwrap_or_default().to_owned();
    ports.sort_by_key(|port| (text(port, "created_at"), text(port, "id")));
    ports.iter().map(|port| text(port, "id")).filter(|id| !id.is_empty()).collect()
}

/// The binding first, then the address and the instance, of now and of before.
fn done(addresses: &[&Value], request_id: Option<String>) -> Done {
    let mut touched: Vec<Touched> = Vec::new();
    for one in addresses.iter().flat_map(|address| touched::changed(IpAddress::KIND, address)) {
        if !touched.contains(&one) {
            touched.push(one);
        }
    }
    touched.sort_by_key(|one| one.kind != IpAddressBinding::KIND);
    Done { touched, answer: None, request_id }
}

fn no_port() -> Error {
    let message = "the instance has no interface that an outside address could lead to";
    Error::new(ErrorKind::Conflict, message)
}

/// Neutron says 404 of what is all there and only not connected.
fn unreachable(error: Error) -> Error {
    let conflict = Error::new(ErrorKind::Conflict, error.message());
    match error.cloud() {
        Some(words) => conflict.with_cloud(words.clone()),
        None => conflict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(id: &str, made: &str, addresses: &[&str]) -> Value {
        let addresses: Vec<_> = addresses.iter().map(|address| json!({ "ip_address": address })).collect();
        json!({ "id": id, "created_at": made, "fixed_ips": addresses })
    }

    #[test]
    fn a_servers_ports_are_tried_as_it_got_them_if_an_address_can_lead_there() {
        let ports = vec![
            port("late", "2026-11-24T10:00:09Z", &["10.0.0.1"]),
            port("six", "2026-11-24T10:00:01Z", &["fd00::1"]),
            port("bare", "2026-11-24T10:00:02Z", &[]),
            port("b", "2026-11-24T10:00:03Z", &["fd00::2", "10.1.0.1"]),
            port("a", "2026-11-24T10:00:03Z", &["10.2.0.1", "10.2.0.2"]),
        ];
        assert_eq!(in_order(ports.clone(), None), ["a", "b", "late"]);
        assert_eq!(in_order(ports.clone(), Some("10.2.0.2")), ["a"]);
        assert!(in_order(ports, Some("10.9.0.1")).is_empty());
    }

    #[test]
    fn the_binding_is_named_first_and_nothing_twice() {
        let then = json!({ "id": "f", "port_id": "p",
            "port_details": { "device_id": "s", "device_owner": "compute:nova" } });
        let done = done(&[&then, &json!({ "id": "f", "port_id": null })], None);
        let keys: Vec<_> = done.touched.iter().map(|one| one.native_key.as_str()).collect();
        assert_eq!(keys, ["f/p", "f", "s"]);
    }
}
