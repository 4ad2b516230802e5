//! From a new network to an address that is reached from outside, and back.

use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Known, Touched};
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::desk::Desk;
use super::{action, guards, life};
use crate::report::{Report, ensure, skipped};

pub(super) async fn run(desk: &Desk<'_>, report: &mut Report) {
    let mut command = json!({ "name": desk.name("network"), "tags": { "role": "test" } });
    if let Some(cidr) = &desk.fixtures.network_cidr {
        command["cidr"] = json!(cidr);
    }
    let Some(network) = life::begin(desk, report, Kind::Network, command, &[]).await else { return };
    if desk.fixtures.groups_belong_to_networks {
        let command =
            json!({ "name": desk.name("group"), "description": "of the suite", "network": network.id });
        if let Some(group) = life::begin(desk, report, Kind::SecurityGroup, command, &[&network]).await {
            guards::rules(desk, report, &group).await;
            life::end(desk, report, &group).await;
        }
    }
    let command = json!({ "name": desk.name("subnet"), "network": network.id, "cidr": desk.fixtures.subnet_cidr,
        "tags": { "role": "test" } });
    if let Some(subnet) = life::begin(desk, report, Kind::Subnet, command, &[&network]).await {
        let interface = interface(desk, report, &network, &subnet).await;
        router(desk, report, &network, &subnet, interface.as_ref()).await;
        if let Some(interface) = interface {
            life::end(desk, report, &interface).await;
        }
        life::end(desk, report, &subnet).await;
    }
    life::end(desk, report, &network).await;
}

async fn interface(desk: &Desk<'_>, report: &mut Report, network: &Known, subnet: &Known) -> Option<Known> {
    let command = json!({ "name": desk.name("interface"), "network": network.id,
        "addresses": [{ "subnet": subnet.id }], "tags": { "role": "test" } });
    let interface = life::begin(desk, report, Kind::NetworkInterface, command, &[network, subnet]).await?;
    let of = interface.document["network"]["external_id"].as_str();
    let verdict = ensure(of == Some(&network.external_id), || format!("it is in {of:?}"));
    desk.note(report, interface.kind, "it is in its network", verdict);
    Some(interface)
}

async fn router(
    desk: &Desk<'_>,
    report: &mut Report,
    network: &Known,
    subnet: &Known,
    interface: Option<&Known>,
) {
    let mut command = json!({ "name": desk.name("router"), "tags": { "role": "test" } });
    let mut named = vec![network];
    if desk.fixtures.routers_belong_to_networks {
        command["network"] = json!(network.id);
    }
    let Some(router) = life::begin(desk, report, Kind::Router, command, &named).await else { return };
    let touched = Touched::new(router.kind, router.native_key.as_str());
    named.push(subnet);
    let joins = json!({ "subnet": subnet.id });
    let has_end = |observed: &Observed| {
        let ends = observed.fields["interfaces"].as_array();
        ends.is_some_and(|ends| ends.iter().any(|end| end["subnet"]["external_id"] == *subnet.external_id))
    };
    action::act(desk, report, &touched, Verb::AddInterface, joins.clone(), &named, has_end).await;
    let outside = match &desk.fixtures.external_network {
        Some(key) => desk.known(Kind::Network, key).await.ok(),
        None => None,
    };
    let leads_out = |observed: &Observed| match &outside {
        Some(outside) => observed.fields["external_network"]["external_id"] == *outside.external_id,
        None => true,
    };
    let way = outside.as_ref().map_or(json!({}), |outside| json!({ "external_network": outside.id }));
    let named_way: Vec<_> = outside.iter().collect();
    action::act(desk, report, &touched, Verb::SetGateway, way, &named_way, leads_out).await;
    address(desk, report, outside.as_ref(), interface).await;
    let is_closed = |observed: &Observed| observed.fields["external_network"].is_null();
    action::act(desk, report, &touched, Verb::ClearGateway, Value::Null, &[], is_closed).await;
    action::act(desk, report, &touched, Verb::RemoveInterface, joins, &named, |now| !has_end(now)).await;
    life::end(desk, report, &router).await;
}

/// An address from outside to the interface.
async fn address(desk: &Desk<'_>, report: &mut Report, outside: Option<&Known>, interface: Option<&Known>) {
    let mut command = json!({ "tags": { "role": "test" } });
    if let Some(outside) = outside {
        command["network"] = json!(outside.id);
    }
    let named: Vec<_> = outside.into_iter().collect();
    let Some(address) = life::begin(desk, report, Kind::IpAddress, command, &named).await else { return };
    if let Some(interface) = interface {
        let touched = Touched::new(address.kind, address.native_key.as_str());
        let command = json!({ "address": address.id, "network_interface": interface.id });
        let binding = Kind::IpAddressBinding;
        if let Some(bound) = life::begin(desk, report, binding, command, &[&address, interface]).await {
            let in_use = desk.until("in use", &touched, |now| now.state == Some("in_use")).await;
            desk.note(report, address.kind, "it is in use once it is bound", in_use);
            life::end(desk, report, &bound).await;
            let spare = desk.until("available", &touched, |now| now.state == Some("available")).await;
            desk.note(report, address.kind, "it is available once it is not", spare);
        } else if desk.can(binding, Verb::Create) {
            desk.note::<()>(report, address.kind, "it is bound", skipped("the binding was not made"));
        }
    }
    life::end(desk, report, &address).await;
}
