//! The commands of each kind: how a step is checked and carried out, and how the result of an earlier attempt is found.
//!
//! A step is sent once, as one request if the service has one for it. If it takes several, the first creates the marked
//! resource, and those that follow can be repeated.

mod action;
mod cloud_options;
#[cfg(test)]
mod fixtures;
mod image;
mod instance;
mod network;
mod quota;
mod repeat;
mod ssh_key;
mod tags;
mod volume;
mod volume_attachment;

use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::Result;
use gateway_core::kind::{FieldError, Kind};

use crate::kind;

pub(crate) use action::Action;

fn is_supported(step: &Step<'_>) -> bool {
    kind::descriptor(step.kind)
        .is_ok_and(|descriptor| descriptor.commands.iter().any(|support| support.verb == step.verb))
}

/// Returns the faults of a step, by the known rules of the services.
pub(crate) fn validate(step: &Step<'_>) -> Vec<FieldError> {
    if !is_supported(step) {
        return Vec::new();
    }
    match step.kind {
        Kind::Instance => instance::validate(step),
        Kind::SshKey => ssh_key::validate(step),
        Kind::Volume | Kind::VolumeSnapshot => volume::validate(step),
        Kind::Image => image::validate(step),
        Kind::Network
        | Kind::Subnet
        | Kind::NetworkInterface
        | Kind::Router
        | Kind::IpAddress
        | Kind::IpAddressBinding
        | Kind::SecurityGroup
        | Kind::SecurityGroupRule => network::validate(step),
        Kind::VolumeAttachment | Kind::Quota | Kind::InstanceType | Kind::VolumeType | Kind::Datacenter => {
            Vec::new()
        }
    }
}

/// Carries out a step.
pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    if !is_supported(action.step) {
        return Err(action.step.unsupported());
    }
    match action.step.kind {
        Kind::Instance => instance::act(action).await,
        Kind::SshKey => ssh_key::act(action).await,
        Kind::Volume | Kind::VolumeSnapshot => volume::act(action).await,
        Kind::VolumeAttachment => volume_attachment::act(action).await,
        Kind::Image => image::act(action).await,
        Kind::Network
        | Kind::Subnet
        | Kind::NetworkInterface
        | Kind::Router
        | Kind::IpAddress
        | Kind::IpAddressBinding
        | Kind::SecurityGroup
        | Kind::SecurityGroupRule => network::act(action).await,
        Kind::Quota => quota::act(action).await,
        Kind::InstanceType | Kind::VolumeType | Kind::Datacenter => Err(action.step.unsupported()),
    }
}

/// Finds what an earlier attempt of a step created.
pub(crate) async fn find(action: &Action<'_>) -> Result<Option<Touched>> {
    if !is_supported(action.step) {
        return Err(action.step.unsupported());
    }
    match action.step.kind {
        Kind::Instance => instance::find(action).await,
        Kind::SshKey => ssh_key::find(action).await,
        Kind::Volume | Kind::VolumeSnapshot => volume::find(action).await,
        Kind::VolumeAttachment => volume_attachment::find(action).await,
        Kind::Image => image::find(action).await,
        Kind::Network
        | Kind::Subnet
        | Kind::NetworkInterface
        | Kind::Router
        | Kind::IpAddress
        | Kind::IpAddressBinding
        | Kind::SecurityGroup
        | Kind::SecurityGroupRule => network::find(action).await,
        Kind::Quota | Kind::InstanceType | Kind::VolumeType | Kind::Datacenter => {
            Err(action.step.unsupported())
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::kind::{
        Command, CreateImage, CreateSshKey, CreateVolume, ImageOfInstance, Update, Verb,
    };
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn fields_that_no_service_accepts_are_faults() {
        let tags = json!({ "a/b": "x", "ü": "" });
        let read = |text: Value| serde_json::from_value::<Update>(text).unwrap();
        let key: CreateSshKey = serde_json::from_value(json!({ "name": "x", "tags": tags })).unwrap();
        let of_instance: ImageOfInstance =
            serde_json::from_value(json!({ "name": "x", "tags": tags })).unwrap();
        let image: CreateImage = serde_json::from_value(
            json!({ "name": "x", "disk_format": "raw", "tags": tags, "cloud_options": { "gateway-operation": "x" } }),
        )
        .unwrap();
        let volume: CreateVolume =
            serde_json::from_value(json!({ "name": "x", "tags": tags, "cloud_options": { "size": 1 } }))
                .unwrap();
        let update = || Command::Update(read(json!({ "tags": tags })));
        let (instance, volumes) = (Kind::Instance, Kind::Volume);
        for (kind, verb, command, pointers) in [
            (Kind::SshKey, Verb::Create, Command::CreateSshKey(key), &["/tags"][..]),
            (instance, Verb::CreateImage, Command::ImageOfInstance(of_instance), &["/tags"]),
            (instance, Verb::Update, update(), &["/tags/a~1b"]),
            (instance, Verb::Stop, Command::Plain, &[]),
            (
                Kind::Image,
                Verb::Create,
                Command::CreateImage(image),
                &["/cloud_options/gateway-operation", "/tags/a~1b"],
            ),
            (Kind::Image, Verb::Update, update(), &["/tags/a~1b"]),
            (volumes, Verb::Create, Command::CreateVolume(volume), &["/cloud_options/size", "/tags/ü"]),
            (Kind::VolumeSnapshot, Verb::Update, update(), &["/tags/ü"]),
        ] {
            let (named, marker) = (Default::default(), crate::fixtures::marker());
            let step = Step { kind, verb, command: &command, target: None, named: &named, marker };
            let found: Vec<_> = validate(&step).into_iter().map(|fault| fault.pointer).collect();
            assert_eq!(found, pointers, "{kind} {verb}");
        }
    }
}
