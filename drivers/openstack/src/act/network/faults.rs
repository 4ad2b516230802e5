//! What is wrong with an order by what Neutron is known to take.

use gateway_core::driver::Step;
use gateway_core::kind::{Canonical, Command, FieldError, IpAddress};
use serde_json::{Map, Value};

use super::form::Form;
use super::tags;
use crate::options;

/// What the gateway says of everything that it makes, or has Neutron say.
const GATEWAYS: [&str; 6] = ["id", "name", "description", "tags", "project_id", "tenant_id"];

pub(super) fn of(step: &Step<'_>) -> Vec<FieldError> {
    match step.command {
        Command::CreateNetwork(command) => all([
            unless(command.cidr.is_none(), "/cidr", "must not be given: ranges of addresses are of subnets"),
            tags::faults(&command.tags),
            said(step, &command.cloud_options),
        ]),
        Command::CreateSubnet(command) => all([
            unless(command.datacenter.is_none(), "/datacenter", "must not be given: subnets are in no zone"),
            tags::faults(&command.tags),
            said(step, &command.cloud_options),
        ]),
        Command::CreateRouter(command) => all([
            unless(
                command.network.is_none(),
                "/network",
                "must not be given: a router belongs to no network",
            ),
            tags::faults(&command.tags),
            said(step, &command.cloud_options),
        ]),
        Command::CreateNetworkInterface(command) => {
            all([tags::faults(&command.tags), said(step, &command.cloud_options), Vec::new()])
        }
        Command::CreateIpAddress(command) => all([
            unless(
                command.network.is_some(),
                "/network",
                "must be given: addresses are of external networks",
            ),
            tags::faults(&command.tags),
            said(step, &command.cloud_options),
        ]),
        Command::CreateSecurityGroup(command) => all([
            unless(command.network.is_none(), "/network", "must not be given: a group belongs to no network"),
            tags::faults(&command.tags),
            said(step, &command.cloud_options),
        ]),
        Command::RouterGateway(command) => {
            let is_given = command.external_network.is_some();
            unless(is_given, "/external_network", "must be given: several networks may lead out")
        }
        Command::Update(command) => all([
            unless(
                step.kind != IpAddress::KIND || command.name.is_none(),
                "/name",
                "must not be given: addresses have no names",
            ),
            command.tags.as_ref().map(tags::faults).unwrap_or_default(),
            Vec::new(),
        ]),
        Command::UpdateNetworkInterface(command) => {
            command.tags.as_ref().map(tags::faults).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn all(faults: [Vec<FieldError>; 3]) -> Vec<FieldError> {
    faults.into_iter().flatten().collect()
}

fn unless(is_fine: bool, pointer: &str, detail: &str) -> Vec<FieldError> {
    if is_fine { Vec::new() } else { vec![FieldError::new(pointer, detail)] }
}

/// Options may add to what an order says, and not say it again.
fn said(step: &Step<'_>, options: &Map<String, Value>) -> Vec<FieldError> {
    // What an order names was looked up before; where it was not, doing the step says so.
    let own = Form::of(step).map(|form| form.own).unwrap_or_default();
    let gateways: Vec<&str> = GATEWAYS.into_iter().chain(own.keys().map(String::as_str)).collect();
    options::faults(options, &gateways)
}
