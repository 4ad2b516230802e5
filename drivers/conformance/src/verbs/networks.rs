//! Networks, subnets, interfaces, routers and public addresses.

use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Known, Touched};
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::runner::Runner;
use super::{action, lifecycle, security};
use crate::report::{Report, ensure, skipped};

pub(super) async fn run(runner: &Runner<'_>, report: &mut Report) {
    let mut command = json!({ "name": runner.name("network"), "tags": { "role": "test" } });
    if let Some(cidr) = &runner.fixtures.network_cidr {
        command["cidr"] = json!(cidr);
    }
    let Some(network) = lifecycle::create(runner, report, Kind::Network, command, &[]).await else { return };
    if runner.fixtures.groups_belong_to_networks {
        let command =
            json!({ "name": runner.name("group"), "description": "of the suite", "network": network.id });
        if let Some(group) =
            lifecycle::create(runner, report, Kind::SecurityGroup, command, &[&network]).await
        {
            security::security_group_rules(runner, report, &group).await;
            lifecycle::delete(runner, report, &group).await;
        }
    }
    let command = json!({ "name": runner.name("subnet"), "network": network.id, "cidr": runner.fixtures.subnet_cidr,
        "tags": { "role": "test" } });
    if let Some(subnet) = lifecycle::create(runner, report, Kind::Subnet, command, &[&network]).await {
        let interface = interface(runner, report, &network, &subnet).await;
        router(runner, report, &network, &subnet, interface.as_ref()).await;
        if let Some(interface) = interface {
            lifecycle::delete(runner, report, &interface).await;
        }
        lifecycle::delete(runner, report, &subnet).await;
    }
    lifecycle::delete(runner, report, &network).await;
}

async fn interface(
    runner: &Runner<'_>,
    report: &mut Report,
    network: &Known,
    subnet: &Known,
) -> Option<Known> {
    let command = json!({ "name": runner.name("interface"), "network": network.id,
        "addresses": [{ "subnet": subnet.id }], "tags": { "role": "test" } });
    let interface =
        lifecycle::create(runner, report, Kind::NetworkInterface, command, &[network, subnet]).await?;
    let of = interface.document["network"]["external_id"].as_str();
    let verdict = ensure(of == Some(&network.external_id), || format!("the interface is in {of:?}"));
    runner.record(report, interface.kind, "the interface is in its network", verdict);
    Some(interface)
}

async fn router(
    runner: &Runner<'_>,
    report: &mut Report,
    network: &Known,
    subnet: &Known,
    interface: Option<&Known>,
) {
    let mut command = json!({ "name": runner.name("router"), "tags": { "role": "test" } });
    let mut named = vec![network];
    if runner.fixtures.routers_belong_to_networks {
        command["network"] = json!(network.id);
    }
    let Some(router) = lifecycle::create(runner, report, Kind::Router, command, &named).await else { return };
    let touched = Touched::new(router.kind, router.native_key.as_str());
    named.push(subnet);
    let command = json!({ "subnet": subnet.id });
    let has_interface = |observed: &Observed| {
        let ends = observed.fields["interfaces"].as_array();
        ends.is_some_and(|ends| {
            ends.iter().any(|delete| delete["subnet"]["external_id"] == *subnet.external_id)
        })
    };
    action::act(runner, report, &touched, Verb::AddInterface, command.clone(), &named, has_interface).await;
    let external = match &runner.fixtures.external_network {
        Some(key) => runner.known(Kind::Network, key).await.ok(),
        None => None,
    };
    let has_gateway = |observed: &Observed| match &external {
        Some(external) => observed.fields["external_network"]["external_id"] == *external.external_id,
        None => true,
    };
    let gateway = external.as_ref().map_or(json!({}), |external| json!({ "external_network": external.id }));
    let named_gateway: Vec<_> = external.iter().collect();
    action::act(runner, report, &touched, Verb::SetGateway, gateway, &named_gateway, has_gateway).await;
    address(runner, report, external.as_ref(), interface).await;
    let is_closed = |observed: &Observed| observed.fields["external_network"].is_null();
    action::act(runner, report, &touched, Verb::ClearGateway, Value::Null, &[], is_closed).await;
    action::act(runner, report, &touched, Verb::RemoveInterface, command, &named, |now| !has_interface(now))
        .await;
    lifecycle::delete(runner, report, &router).await;
}

/// Binds a public address to the interface and unbinds it.
async fn address(
    runner: &Runner<'_>,
    report: &mut Report,
    external: Option<&Known>,
    interface: Option<&Known>,
) {
    let mut command = json!({ "tags": { "role": "test" } });
    if let Some(external) = external {
        command["network"] = json!(external.id);
    }
    let named: Vec<_> = external.into_iter().collect();
    let Some(address) = lifecycle::create(runner, report, Kind::IpAddress, command, &named).await else {
        return;
    };
    if let Some(interface) = interface {
        let touched = Touched::new(address.kind, address.native_key.as_str());
        let command = json!({ "address": address.id, "network_interface": interface.id });
        let binding = Kind::IpAddressBinding;
        if let Some(bound) = lifecycle::create(runner, report, binding, command, &[&address, interface]).await
        {
            let in_use = runner.until("the state in_use", &touched, |now| now.state == Some("in_use")).await;
            runner.record(report, address.kind, "a bound address is in use", in_use);
            lifecycle::delete(runner, report, &bound).await;
            let unbound =
                runner.until("the state available", &touched, |now| now.state == Some("available")).await;
            runner.record(report, address.kind, "an unbound address is available", unbound);
        } else if runner.can(binding, Verb::Create) {
            runner.record::<()>(
                report,
                address.kind,
                "a bound address is in use",
                skipped("the address was not bound"),
            );
        }
    }
    lifecycle::delete(runner, report, &address).await;
}
