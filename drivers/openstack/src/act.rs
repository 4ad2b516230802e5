//! What can be done, and by whom: one file a service.
//!
//! An order is sent once, as one request wherever the service has one for it. Where it takes several, the one that makes
//! the marked thing comes first, and what may be done twice follows.

mod again;
mod attachment;
mod compute;
mod image;
mod keypair;
mod labels;
mod network;
mod quota;
mod server;
#[cfg(test)]
pub(crate) mod testing;
mod volume;

use driver_kit::find_marked;
use gateway_core::driver::{Done, Known, Session as _, Step, Touched};
use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::kind::{
    Canonical, FieldError, Image, Instance, IpAddress, IpAddressBinding, Kind, Network, NetworkInterface,
    Quota, Router, SecurityGroup, SecurityGroupRule, SshKey, Subnet, VerbSupport, Volume, VolumeAttachment,
    VolumeSnapshot,
};

use crate::catalog::Service;
use crate::connection::{Answer, Write};
use crate::listing::Asker;
use crate::resources;
use crate::session::OpenStackSession;

/// What callers are told.
pub(crate) static VERBS: [(Kind, &[VerbSupport]); 15] = [
    (Instance::KIND, compute::INSTANCE),
    (SshKey::KIND, compute::SSH_KEY),
    (Volume::KIND, volume::VOLUME),
    (VolumeSnapshot::KIND, volume::VOLUME_SNAPSHOT),
    (VolumeAttachment::KIND, volume::VOLUME_ATTACHMENT),
    (Image::KIND, image::IMAGE),
    (Network::KIND, network::NETWORK),
    (Subnet::KIND, network::SUBNET),
    (NetworkInterface::KIND, network::NETWORK_INTERFACE),
    (Router::KIND, network::ROUTER),
    (IpAddress::KIND, network::IP_ADDRESS),
    (IpAddressBinding::KIND, network::IP_ADDRESS_BINDING),
    (SecurityGroup::KIND, network::SECURITY_GROUP),
    (SecurityGroupRule::KIND, network::SECURITY_GROUP_RULE),
    (Quota::KIND, quota::QUOTA),
];

/// One step, and whom to ask for it.
#[derive(Clone, Copy)]
pub(crate) struct Act<'a> {
    pub(crate) asker: Asker<'a>,
    pub(crate) step: &'a Step<'a>,
}

impl<'a> Act<'a> {
    /// Tells a service to do something.
    pub(crate) async fn write(&self, write: Write<'_>) -> Result<Answer> {
        self.asker.connection.write(self.asker.region, write).await
    }

    /// A resource that the order names.
    pub(crate) fn named(&self, id: ResourceId) -> Result<&'a Known> {
        self.step.named.get(id)
    }

    /// The service's id of a resource that the order names.
    pub(crate) fn id(&self, id: ResourceId) -> Result<&'a str> {
        Ok(&self.named(id)?.external_id)
    }

    /// The end of a step that changed its target and nothing else.
    pub(crate) fn done(&self, answer: Answer) -> Result<Done> {
        let target = self.step.target()?;
        let touched = vec![Touched::new(target.kind, &target.native_key)];
        Ok(Done { touched, answer: None, request_id: answer.request_id })
    }

    /// The end of a step that made something.
    pub(crate) fn made(&self, kind: Kind, around: Option<&str>, answer: Answer) -> Result<Done> {
        let touched = vec![Touched::new(kind, answer.id(around)?)];
        Ok(Done { touched, answer: None, request_id: answer.request_id })
    }
}

/// Who does what is done to a kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doer {
    Compute,
    Volume,
    Image,
    Network,
    Quota,
}

/// None for kinds to which nothing can be done.
fn doer(step: &Step<'_>) -> Option<Doer> {
    VERBS.iter().find(|(kind, _)| *kind == step.kind)?.1.iter().find(|can| can.verb == step.verb)?;
    if step.kind == Quota::KIND {
        return Some(Doer::Quota);
    }
    Some(match resources::of(step.kind).ok()?.any_passes()[0].service {
        Service::Compute => Doer::Compute,
        Service::Volume => Doer::Volume,
        Service::Image => Doer::Image,
        Service::Network => Doer::Network,
    })
}

/// What is wrong with a step by what the services are known to take.
pub(crate) fn faults(step: &Step<'_>) -> Vec<FieldError> {
    match doer(step) {
        Some(Doer::Compute) => compute::faults(step),
        Some(Doer::Volume) => volume::faults(step),
        Some(Doer::Image) => image::faults(step),
        Some(Doer::Network) => network::faults(step),
        Some(Doer::Quota) | None => Vec::new(),
    }
}

/// Does a step.
pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match doer(act.step) {
        Some(Doer::Compute) => compute::act(act).await,
        Some(Doer::Volume) => volume::act(act).await,
        Some(Doer::Image) => image::act(act).await,
        Some(Doer::Network) => network::act(act).await,
        Some(Doer::Quota) => quota::act(act).await,
        None => Err(act.step.unsupported()),
    }
}

/// Finds what an earlier try of a step made.
pub(crate) async fn find(act: &Act<'_>, session: &OpenStackSession) -> Result<Option<Touched>> {
    match doer(act.step) {
        Some(Doer::Compute) => compute::find(act, session).await,
        Some(Doer::Volume) => volume::find(act, session).await,
        Some(Doer::Image) => image::find(act).await,
        Some(Doer::Network) => network::find(act, session).await,
        Some(Doer::Quota) | None => Err(act.step.unsupported()),
    }
}

/// Looks for what carries the step's marker.
async fn find_by_marker(act: &Act<'_>, session: &OpenStackSession, kind: Kind) -> Result<Option<Touched>> {
    find_marked(session, act.asker.region, kind, act.step.marker).await
}

/// Looks for the one thing that a step can have made, by its native key.
async fn find_by_key(
    act: &Act<'_>,
    session: &OpenStackSession,
    kind: Kind,
    native_key: String,
) -> Result<Option<Touched>> {
    let found = session.get(act.asker.region, kind, &native_key).await?;
    Ok(found.map(|_| Touched::new(kind, native_key)))
}

#[cfg(test)]
mod tests {
    use gateway_core::kind::{
        Command, CreateImage, CreateSshKey, CreateVolume, ImageOfInstance, Update, Verb,
    };
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_no_service_takes_is_found_before_it_is_asked() {
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
        let (instance, volumes) = (Instance::KIND, Volume::KIND);
        for (kind, verb, command, places) in [
            (SshKey::KIND, Verb::Create, Command::CreateSshKey(key), &["/tags"][..]),
            (instance, Verb::CreateImage, Command::ImageOfInstance(of_instance), &["/tags"]),
            (instance, Verb::Update, update(), &["/tags/a~1b"]),
            (instance, Verb::Stop, Command::Plain, &[]),
            (
                Image::KIND,
                Verb::Create,
                Command::CreateImage(image),
                &["/cloud_options/gateway-operation", "/tags/a~1b"],
            ),
            (Image::KIND, Verb::Update, update(), &["/tags/a~1b"]),
            (volumes, Verb::Create, Command::CreateVolume(volume), &["/cloud_options/size", "/tags/ü"]),
            (VolumeSnapshot::KIND, Verb::Update, update(), &["/tags/ü"]),
        ] {
            let (named, marker) = (Default::default(), testing::marker());
            let step = Step { kind, verb, command: &command, target: None, named: &named, marker };
            let found: Vec<_> = faults(&step).into_iter().map(|fault| fault.pointer).collect();
            assert_eq!(found, places, "{kind} {verb}");
        }
    }

    #[test]
    fn every_verb_that_is_promised_is_one_of_its_kind() {
        for (kind, verbs) in &VERBS {
            for can in *verbs {
                assert!(kind.spec().verb(can.verb).is_some(), "{kind} {}", can.verb);
            }
        }
    }
}
