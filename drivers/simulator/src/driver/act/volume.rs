//! What is done to volumes, their attachments and snapshots.

use driver_kit::Method;
use gateway_core::driver::{Done, Known, Touched};
use gateway_core::kind::{
    Canonical, Command, CreateVolume, CreateVolumeSnapshot, Instance, Verb, Volume, VolumeAttachment,
};
use gateway_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value, json};

use super::body::Body;
use super::{Site, request_id};

pub(super) fn body(body: Body<'_>, command: &CreateVolume) -> Result<Map<String, Value>> {
    let body = body
        .words(&command.name, command.description.as_deref(), &command.tags)
        .with("size_gb", command.size_gib)
        .with("zone", command.datacenter.as_deref())
        .naming("class", command.volume_type)?
        .naming("snapshot", command.snapshot)?
        .naming("image", command.image)?
        .naming("volume", command.volume)?;
    Ok(body.end())
}

pub(super) fn snapshot_body(body: Body<'_>, command: &CreateVolumeSnapshot) -> Result<Map<String, Value>> {
    let body = body.words(&command.name, command.description.as_deref(), &command.tags);
    Ok(body.naming("volume", Some(command.volume))?.end())
}

pub(super) async fn extend(site: &Site<'_>) -> Result<Done> {
    let Command::Extend(command) = site.step.command else { return Err(site.step.unsupported()) };
    let target = site.step.target()?;
    // The cloud grows volumes only: once more of what was done would be refused.
    let size = target.document.get("size_gib").and_then(Value::as_u64);
    match site.command("grow", &json!({ "size_gb": command.size_gib })).await {
        Ok(response) => site.done(&response),
        Err(error)
            if error.kind() == ErrorKind::Invalid && size.is_none_or(|size| size < command.size_gib) =>
        {
            match site.is_of_size(command.size_gib).await? {
                true => Ok(Done {
                    touched: vec![Touched::new(Volume::KIND, target.native_key.as_str())],
                    ..Done::default()
                }),
                false => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

impl Site<'_> {
    /// Whether the target has come to that size already.
    async fn is_of_size(&self, gigabytes: u64) -> Result<bool> {
        let path = ["v1", self.region.as_str(), Volume::KIND.spec().plural, self.target()?];
        let document: Value = self.api.get(&path, &[]).await?.json()?;
        Ok(document["size_gb"].as_u64() == Some(gigabytes))
    }
}

/// Attaches or detaches: of this cloud both are orders to the volume.
pub(super) async fn attachment(site: &Site<'_>) -> Result<Done> {
    let step = site.step;
    let (volume, instance, command, parameters) = match (step.verb, step.command) {
        (Verb::Create, Command::CreateVolumeAttachment(command)) => {
            let volume = step.named.get(command.volume)?.external_id.clone();
            let instance = step.named.get(command.instance)?.external_id.clone();
            let mut parameters = json!({ "instance": instance });
            if let Some(device) = &command.device {
                parameters["device"] = json!(device);
            }
            (volume, instance, "attach", parameters)
        }
        (Verb::Delete, _) => {
            let (volume, instance) = ends(step.target()?)?;
            let parameters = json!({ "instance": instance });
            (volume, instance, "detach", parameters)
        }
        _ => return Err(step.unsupported()),
    };
    let response = site.send(Method::POST, Volume::KIND, &[&volume, command], Some(&parameters)).await?;
    let touched = vec![
        Touched::new(VolumeAttachment::KIND, key(&volume, &instance)),
        Touched::new(Volume::KIND, volume),
        Touched::new(Instance::KIND, instance),
    ];
    Ok(Done { touched, answer: None, request_id: request_id(&response) })
}

/// The native key of the attachment of a volume to an instance: it has the volume's number.
pub(super) fn key(volume: &str, instance: &str) -> String {
    let number = volume.split_once('-').map_or(volume, |(_, number)| number);
    format!("a-{number}/{instance}")
}

/// Volume and instance of an attachment.
fn ends(attachment: &Known) -> Result<(String, String)> {
    let end = |field: &str| attachment.document.get(field)?.get("external_id")?.as_str().map(str::to_owned);
    let ends = end("volume").zip(end("instance"));
    ends.ok_or_else(|| Error::internal("an attachment does not name its ends"))
}
