//! Bindings of floating IPs, to a port or to the first reachable port of a server.
//!
//! Neutron would silently rebind a bound address. Writes are therefore conditional on the address's revision, so that a
//! concurrent change is noticed and kept.

use std::net::Ipv4Addr;

use gateway_core::driver::{Done, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{CreateIpAddressBinding, Kind};
use serde_json::{Map, Value, json};

use super::body::object;
use super::collection::Collection;
use super::touched;
use crate::actions::action::Action;
use crate::client::{Answer, Write};
use crate::error::has_code;
use crate::service::Service;

/// The number of attempts at an address that changes concurrently. Neutron itself changes it once, when it becomes
/// active. A higher value survives more changes, each at the cost of two calls.
const ATTEMPTS: usize = 4;

pub(super) async fn create(action: &Action<'_>, command: &CreateIpAddressBinding) -> Result<Done> {
    let address = action.id(command.address)?;
    let ports = ports(action, command).await.map_err(Error::untouched)?;
    let mut refusal = None;
    for port in &ports {
        let mut members = object([("port_id", json!(port))]);
        let private = command.private_ip_address.iter();
        members.extend(private.map(|address| ("fixed_ip_address".to_owned(), json!(address))));
        let bound = set_port(action, address, &members, |current| state_of(current, command, &ports)).await;
        match bound {
            Err(error) if has_code(&error, "ExternalGatewayForFloatingIPNotFound") => refusal = Some(error),
            other => return other,
        }
    }
    Err(refusal.map_or_else(no_port, unreachable))
}

pub(super) async fn delete(action: &Action<'_>) -> Result<Done> {
    let target = action.step.target()?;
    let (address, port) = target
        .native_key
        .split_once('/')
        .ok_or_else(|| Error::internal("a binding's key is address/port"))?;
    let members = object([("port_id", Value::Null)]);
    let mut done = set_port(action, address, &members, |current| match current["port_id"].as_str() {
        Some(current) if current == port => Ok(State::Pending),
        // Unbound, or bound to another port since.
        _ => Ok(State::Done),
    })
    .await?;
    let binding = Touched::new(Kind::IpAddressBinding, &target.native_key);
    done.touched.retain(|touched| *touched != binding);
    done.touched.insert(0, binding);
    Ok(done)
}

/// Finds the binding that the command asks for.
pub(super) async fn find(action: &Action<'_>, command: &CreateIpAddressBinding) -> Result<Option<Touched>> {
    let collection = Collection::of(Kind::IpAddress)?;
    let Some(current) = collection.read(action, action.id(command.address)?).await? else { return Ok(None) };
    let ports = ports(action, command).await?;
    let is_done = matches!(state_of(&current, command, &ports), Ok(State::Done));
    let key = touched::binding(&current).filter(|_| is_done);
    Ok(key.map(|key| Touched::new(Kind::IpAddressBinding, key)))
}

/// The state of an address against a command.
enum State {
    Done,
    Pending,
}

fn state_of(current: &Value, command: &CreateIpAddressBinding, ports: &[String]) -> Result<State> {
    let Some(port) = current["port_id"].as_str() else { return Ok(State::Pending) };
    let private = command.private_ip_address.as_deref();
    let is_private = private.is_none_or(|address| current["fixed_ip_address"] == address);
    if is_private && ports.iter().any(|wanted| wanted == port) {
        return Ok(State::Done);
    }
    let message = "the address has another binding; delete that first";
    Err(Error::new(ErrorKind::Conflict, message).at("/address"))
}

/// Binds or unbinds an address, unless that is done already. A concurrent change starts another attempt.
async fn set_port(
    action: &Action<'_>,
    address: &str,
    members: &Map<String, Value>,
    state_of: impl Fn(&Value) -> Result<State>,
) -> Result<Done> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let Some(before) = Collection::of(Kind::IpAddress)?.read(action, address).await? else {
            return Err(Error::new(ErrorKind::NotFound, format!("the cloud has no address `{address}`")));
        };
        if matches!(state_of(&before)?, State::Done) {
            return Ok(done(&[&before], None));
        }
        match write(action, address, members, before["revision_number"].as_u64()).await {
            Ok(answer) => {
                let after = answer.document(Some("floatingip"))?;
                return Ok(done(&[&after, &before], answer.request_id));
            }
            Err(error) if attempts < ATTEMPTS && has_code(&error, "RevisionNumberConstraintFailed") => {}
            Err(error) => return Err(error),
        }
    }
}

async fn write(
    action: &Action<'_>,
    address: &str,
    members: &Map<String, Value>,
    revision: Option<u64>,
) -> Result<Answer> {
    let path = ["floatingips", address];
    let write = Write::put(Service::Network, &path, json!({ "floatingip": members }));
    action
        .write(match revision {
            Some(revision) => write.if_revision(revision),
            None => write,
        })
        .await
}

/// Returns the ids of the ports that the command allows, the preferred one first.
async fn ports(action: &Action<'_>, command: &CreateIpAddressBinding) -> Result<Vec<String>> {
    if let Some(interface) = command.network_interface {
        return Ok(vec![action.id(interface)?.to_owned()]);
    }
    let instance =
        command.instance.ok_or_else(|| Error::invalid("`network_interface` or `instance` is required"))?;
    let query = [("device_id", action.id(instance)?)];
    let ports = Collection::of(Kind::NetworkInterface)?.all(action, &query).await?;
    Ok(bindable(ports, command.private_ip_address.as_deref()))
}

/// Returns the ids of the ports with an IPv4 address, or with the given one, by age.
fn bindable(mut ports: Vec<Value>, private: Option<&str>) -> Vec<String> {
    ports.retain(|port| {
        let addresses = port["fixed_ips"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut addresses = addresses.iter().filter_map(|address| address["ip_address"].as_str());
        addresses.any(|address| match private {
            Some(private) => address == private,
            None => address.parse::<Ipv4Addr>().is_ok(),
        })
    });
    let text = |port: &Value, name: &str| port[name].as_str().unwrap_or_default().to_owned();
    ports.sort_by_key(|port| (text(port, "created_at"), text(port, "id")));
    ports.iter().map(|port| text(port, "id")).filter(|id| !id.is_empty()).collect()
}

/// Returns the outcome with the binding first, then the address and the instances of both versions.
fn done(addresses: &[&Value], request_id: Option<String>) -> Done {
    let mut touched: Vec<Touched> = Vec::new();
    for one in addresses.iter().flat_map(|address| touched::changed(Kind::IpAddress, address)) {
        if !touched.contains(&one) {
            touched.push(one);
        }
    }
    touched.sort_by_key(|one| one.kind != Kind::IpAddressBinding);
    Done { touched, answer: None, request_id }
}

fn no_port() -> Error {
    let message = "the instance has no interface with an IPv4 address to bind to";
    Error::new(ErrorKind::Conflict, message)
}

/// Turns Neutron's 404 for a port without route to the external network into a conflict.
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
    fn ports_of_a_server_are_tried_by_age() {
        let ports = vec![
            port("late", "2026-11-24T10:00:09Z", &["10.0.0.1"]),
            port("six", "2026-11-24T10:00:01Z", &["fd00::1"]),
            port("bare", "2026-11-24T10:00:02Z", &[]),
            port("b", "2026-11-24T10:00:03Z", &["fd00::2", "10.1.0.1"]),
            port("a", "2026-11-24T10:00:03Z", &["10.2.0.1", "10.2.0.2"]),
        ];
        assert_eq!(bindable(ports.clone(), None), ["a", "b", "late"]);
        assert_eq!(bindable(ports.clone(), Some("10.2.0.2")), ["a"]);
        assert!(bindable(ports, Some("10.9.0.1")).is_empty());
    }

    #[test]
    fn binding_is_touched_first_and_nothing_twice() {
        let after = json!({ "id": "f", "port_id": "p",
            "port_details": { "device_id": "s", "device_owner": "compute:nova" } });
        let done = done(&[&after, &json!({ "id": "f", "port_id": null })], None);
        let keys: Vec<_> = done.touched.iter().map(|one| one.native_key.as_str()).collect();
        assert_eq!(keys, ["f/p", "f", "s"]);
    }
}
