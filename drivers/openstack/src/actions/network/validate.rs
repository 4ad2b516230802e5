//! Faults of commands, by the known rules of Neutron.

use gateway_core::driver::Step;
use gateway_core::kind::{Command, FieldError, Kind};
use serde_json::{Map, Value};

use super::body::CreateBody;
use super::tags;
use crate::actions::cloud_options;

/// The members that the gateway or Neutron sets in every resource.
const RESERVED: [&str; 6] = ["id", "name", "description", "tags", "project_id", "tenant_id"];

/// Returns the faults of a step.
pub(in crate::actions) fn validate(step: &Step<'_>) -> Vec<FieldError> {
    match step.command {
        Command::CreateNetwork(command) => all([
            unless(command.cidr.is_none(), "/cidr", "must not be given: address ranges belong to subnets"),
            tags::validate(&command.tags),
            validate_options(step, &command.cloud_options),
        ]),
        Command::CreateSubnet(command) => all([
            unless(command.datacenter.is_none(), "/datacenter", "must not be given: subnets have no zone"),
            tags::validate(&command.tags),
            validate_options(step, &command.cloud_options),
        ]),
        Command::CreateRouter(command) => all([
            unless(
                command.network.is_none(),
                "/network",
                "must not be given: a router belongs to no network",
            ),
            tags::validate(&command.tags),
            validate_options(step, &command.cloud_options),
        ]),
        Command::CreateNetworkInterface(command) => {
            all([tags::validate(&command.tags), validate_options(step, &command.cloud_options), Vec::new()])
        }
        Command::CreateIpAddress(command) => all([
            unless(
                command.network.is_some(),
                "/network",
                "is required: name the external network of the address",
            ),
            tags::validate(&command.tags),
            validate_options(step, &command.cloud_options),
        ]),
        Command::CreateSecurityGroup(command) => all([
            unless(command.network.is_none(), "/network", "must not be given: a group belongs to no network"),
            tags::validate(&command.tags),
            validate_options(step, &command.cloud_options),
        ]),
        Command::RouterGateway(command) => {
            let is_given = command.external_network.is_some();
            unless(is_given, "/external_network", "is required: a cloud may have several external networks")
        }
        Command::Update(command) => all([
            unless(
                step.kind != Kind::IpAddress || command.name.is_none(),
                "/name",
                "must not be given: addresses have no names",
            ),
            command.tags.as_ref().map(tags::validate).unwrap_or_default(),
            Vec::new(),
        ]),
        Command::UpdateNetworkInterface(command) => {
            command.tags.as_ref().map(tags::validate).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn all(faults: [Vec<FieldError>; 3]) -> Vec<FieldError> {
    faults.into_iter().flatten().collect()
}

fn unless(is_valid: bool, pointer: &str, detail: &str) -> Vec<FieldError> {
    if is_valid { Vec::new() } else { vec![FieldError::new(pointer, detail)] }
}

/// Returns faults for options that repeat what the command gives.
fn validate_options(step: &Step<'_>, options: &Map<String, Value>) -> Vec<FieldError> {
    // A resource that the command names and that was not looked up is an error of the step, not a fault here.
    let members = CreateBody::of(step).map(|body| body.members).unwrap_or_default();
    let reserved: Vec<&str> = RESERVED.into_iter().chain(members.keys().map(String::as_str)).collect();
    cloud_options::validate(options, &reserved)
}
