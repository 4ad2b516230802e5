//! Validation of commands against the API of this cloud.

use gateway_core::driver::Step;
use gateway_core::kind::{Command, FieldError};
use serde_json::Map;

use super::body::cloud_options;
use super::create::members;

/// Returns the errors of a step that only this cloud can know.
pub(crate) fn validate(step: &Step<'_>) -> Vec<FieldError> {
    let mut errors = unsupported_fields(step.command);
    // An unknown reference is reported when the step is executed.
    let members = members(step).unwrap_or_default();
    let options = cloud_options(step.command).into_iter().flat_map(Map::keys);
    errors.extend(options.filter(|key| members.contains_key(*key)).map(|key| {
        let pointer = format!("/cloud_options/{}", key.replace('~', "~0").replace('/', "~1"));
        FieldError::new(pointer, "is set by the gateway")
    }));
    errors
}

/// Returns the errors of fields that this cloud does not support.
fn unsupported_fields(command: &Command) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |is_given, pointer, detail| {
        if is_given {
            errors.push(FieldError::new(pointer, detail));
        }
    };
    match command {
        Command::CreateImage(command) => {
            let detail = "is not supported: images of this cloud have no container";
            refuse(command.container_format.is_some(), "/container_format", detail);
        }
        Command::CreateNetwork(command) => {
            let detail = "is not supported: networks of this cloud have no address range";
            refuse(command.cidr.is_some(), "/cidr", detail);
        }
        Command::CreateSubnet(command) => {
            let detail = "is not supported: subnets of this cloud are in all datacenters";
            refuse(command.datacenter.is_some(), "/datacenter", detail);
        }
        Command::CreateRouter(command) => {
            refuse(
                command.network.is_some(),
                "/network",
                "is not supported: routers of this cloud serve several networks",
            );
        }
        Command::CreateSecurityGroup(command) => {
            let detail = "is not supported: security groups of this cloud are for all networks";
            refuse(command.network.is_some(), "/network", detail);
        }
        Command::RouterGateway(command) => {
            let detail = "is required: the gateway of a router is in an external network";
            refuse(command.external_network.is_none(), "/external_network", detail);
        }
        _ => {}
    }
    errors
}
