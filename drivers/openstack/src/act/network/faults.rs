//! What is wrong with an order by what Neutron is known to take.

use gateway_core::driver::Step;
use gateway_core::kind::Canonical;
use gateway_core::kinds::IpAddress;
use gateway_core::order::{Fault, Order};
use serde_json::{Map, Value};

use super::form::Form;
use super::tags;
use crate::options;

/// What the gateway says of everything that it makes, or has Neutron say.
const GATEWAYS: [&str; 6] = ["id", "name", "description", "tags", "project_id", "tenant_id"];

pub(super) fn of(step: &Step<'_>) -> Vec<Fault> {
    match step.order {
        Order::CreateNetwork(order) => all([
            unless(order.cidr.is_none(), "/cidr", "must not be given: ranges of addresses are of subnets"),
            tags::faults(&order.tags),
            said(step, &order.cloud_options),
        ]),
        Order::CreateSubnet(order) => all([
            unless(order.datacenter.is_none(), "/datacenter", "must not be given: subnets are in no zone"),
            tags::faults(&order.tags),
            said(step, &order.cloud_options),
        ]),
        Order::CreateRouter(order) => all([
            unless(order.network.is_none(), "/network", "must not be given: a router belongs to no network"),
            tags::faults(&order.tags),
            said(step, &order.cloud_options),
        ]),
        Order::CreateNetworkInterface(order) => {
            all([tags::faults(&order.tags), said(step, &order.cloud_options), Vec::new()])
        }
        Order::CreateIpAddress(order) => all([
            unless(order.network.is_some(), "/network", "must be given: addresses are of external networks"),
            tags::faults(&order.tags),
            said(step, &order.cloud_options),
        ]),
        Order::CreateSecurityGroup(order) => all([
            unless(order.network.is_none(), "/network", "must not be given: a group belongs to no network"),
            tags::faults(&order.tags),
            said(step, &order.cloud_options),
        ]),
        Order::RouterGateway(order) => {
            let is_given = order.external_network.is_some();
            unless(is_given, "/external_network", "must be given: several networks may lead out")
        }
        Order::Update(order) => all([
            unless(
                step.kind != IpAddress::KIND || order.name.is_none(),
                "/name",
                "must not be given: addresses have no names",
            ),
            order.tags.as_ref().map(tags::faults).unwrap_or_default(),
            Vec::new(),
        ]),
        Order::UpdateNetworkInterface(order) => order.tags.as_ref().map(tags::faults).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn all(faults: [Vec<Fault>; 3]) -> Vec<Fault> {
    faults.into_iter().flatten().collect()
}

fn unless(is_fine: bool, pointer: &str, detail: &str) -> Vec<Fault> {
    if is_fine { Vec::new() } else { vec![Fault::new(pointer, detail)] }
}

/// Options may add to what an order says, and not say it again.
fn said(step: &Step<'_>, options: &Map<String, Value>) -> Vec<Fault> {
    // What an order names was looked up before; where it was not, doing the step says so.
    let own = Form::of(step).map(|form| form.own).unwrap_or_default();
    let gateways: Vec<&str> = GATEWAYS.into_iter().chain(own.keys().map(String::as_str)).collect();
    options::faults(options, &gateways)
}
