//! Commands at EC2: one file per kind validates them, executes them, and finds what they have created.

mod action;
mod cloud_options;
mod field_errors;
mod image;
mod instance;
mod internet_gateway;
mod ip_address;
mod ip_address_binding;
mod network;
mod network_interface;
mod placement;
mod reference;
mod route_table;
mod router;
mod run_instances;
mod security_group;
mod security_group_rule;
mod ssh_key;
mod subnet;
mod tagging;
mod volume;
mod volume_attachment;
mod volume_snapshot;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod validation_test;

use driver_kit::find_marked;
use gateway_core::driver::{Done, Session, Step, Touched};
use gateway_core::id::Region;
use gateway_core::kind::{Command, FieldError, Verb};
use gateway_core::{Kind, Result};

use self::action::Action;
use self::field_errors::FieldErrors;
use crate::client::Client;

/// Returns the errors in a step that can be seen without the cloud.
pub(crate) fn validate(step: &Step<'_>) -> Vec<FieldError> {
    let errors = match step.kind {
        Kind::Instance => instance::validate(step),
        Kind::Volume => volume::validate(step),
        Kind::VolumeSnapshot => volume_snapshot::validate(step),
        Kind::Image => image::validate(step),
        Kind::Network => network::validate(step),
        Kind::Subnet => subnet::validate(step),
        Kind::NetworkInterface => network_interface::validate(step),
        Kind::Router => router::validate(step),
        Kind::IpAddress => ip_address::validate(step),
        Kind::SecurityGroup => security_group::validate(step),
        Kind::SecurityGroupRule => security_group_rule::validate(step),
        Kind::SshKey => ssh_key::validate(step),
        _ => FieldErrors::default(),
    };
    errors.into_list()
}

/// Executes a step.
///
/// # Errors
/// The cloud's error; unsupported, when EC2 does not have the verb.
pub(crate) async fn act(client: &Client, region: &str, step: &Step<'_>) -> Result<Done> {
    let action = Action::new(client, region, step);
    match step.kind {
        Kind::Instance => instance::act(&action).await,
        Kind::Volume => volume::act(&action).await,
        Kind::VolumeSnapshot => volume_snapshot::act(&action).await,
        Kind::VolumeAttachment => volume_attachment::act(&action).await,
        Kind::Image => image::act(&action).await,
        Kind::Network => network::act(&action).await,
        Kind::Subnet => subnet::act(&action).await,
        Kind::NetworkInterface => network_interface::act(&action).await,
        Kind::Router => router::act(&action).await,
        Kind::IpAddress => ip_address::act(&action).await,
        Kind::IpAddressBinding => ip_address_binding::act(&action).await,
        Kind::SecurityGroup => security_group::act(&action).await,
        Kind::SecurityGroupRule => security_group_rule::act(&action).await,
        Kind::SshKey => ssh_key::act(&action).await,
        _ => Err(step.unsupported()),
    }
}

/// Finds what an earlier try of a step has created: by its marker, or by the resources that it connects.
///
/// # Errors
/// The cloud's error; unsupported, when the step creates nothing.
pub(crate) async fn find(
    session: &(impl Session + ?Sized),
    region: &Region,
    step: &Step<'_>,
) -> Result<Option<Touched>> {
    match (step.verb, step.command) {
        (Verb::Create, Command::CreateVolumeAttachment(command)) => {
            volume_attachment::find(session, region, step, command).await
        }
        (Verb::Create, Command::CreateIpAddressBinding(command)) => {
            ip_address_binding::find(session, region, step, command).await
        }
        (Verb::Create, _) => find_marked(session, region, step.kind, step.marker).await,
        (Verb::CreateImage, _) => find_marked(session, region, Kind::Image, step.marker).await,
        _ => Err(step.unsupported()),
    }
}
