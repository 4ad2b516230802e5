//! Commands of attachments of volumes.

use driver_kit::Method;
use gateway_core::driver::{Done, Known, Touched};
use gateway_core::kind::{Command, Verb};
use gateway_core::{Error, Kind, Result};
use serde_json::json;

use super::site::{Site, request_id};

/// Attaches or detaches a volume; in this cloud both are commands of the volume.
pub(crate) async fn act(site: &Site<'_>) -> Result<Done> {
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
            let (volume, instance) = associated(step.target()?)?;
            let parameters = json!({ "instance": instance });
            (volume, instance, "detach", parameters)
        }
        _ => return Err(step.unsupported()),
    };
    let response = site.send(Method::POST, Kind::Volume, &[&volume, command], Some(&parameters)).await?;
    let touched = vec![
        Touched::new(Kind::VolumeAttachment, native_key(&volume, &instance)),
        Touched::new(Kind::Volume, volume),
        Touched::new(Kind::Instance, instance),
    ];
    Ok(Done { touched, answer: None, request_id: request_id(&response) })
}

/// Returns the native key of the attachment of a volume to an instance; its id has the number of the volume.
pub(crate) fn native_key(volume: &str, instance: &str) -> String {
    let number = volume.split_once('-').map_or(volume, |(_, number)| number);
    format!("a-{number}/{instance}")
}

/// Returns the volume and the instance of an attachment.
fn associated(attachment: &Known) -> Result<(String, String)> {
    let end = |field: &str| attachment.document.get(field)?.get("external_id")?.as_str().map(str::to_owned);
    let associated = end("volume").zip(end("instance"));
    associated.ok_or_else(|| Error::internal("the attachment does not name its volume and instance"))
}
