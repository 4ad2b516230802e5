//! Attachments of volumes to servers. Nova creates and deletes them, and Cinder lists them.

use gateway_core::driver::{Done, Touched};
use gateway_core::error::{Error, Result};
use gateway_core::kind::{Command, CreateVolumeAttachment, Kind, Verb};
use serde_json::{Value, json};

use super::action::Action;
use super::repeat;
use crate::client::Write;
use crate::service::Service;

pub(super) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateVolumeAttachment(command)) => create(action, command).await,
        (Verb::Delete, _) => delete(action).await,
        _ => Err(action.step.unsupported()),
    }
}

pub(super) async fn find(action: &Action<'_>) -> Result<Option<Touched>> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateVolumeAttachment(command)) => {
            let key = format!("{}/{}", action.id(command.volume)?, action.id(command.instance)?);
            action.find_by_key(Kind::VolumeAttachment, key).await
        }
        _ => Err(action.step.unsupported()),
    }
}

async fn create(action: &Action<'_>, command: &CreateVolumeAttachment) -> Result<Done> {
    let (volume, server) = (action.id(command.volume)?, action.id(command.instance)?);
    let mut attachment = json!({ "volumeId": volume });
    if let Some(device) = &command.device {
        attachment["device"] = json!(device);
    }
    let body = json!({ "volumeAttachment": attachment });
    let path = ["servers", server, "os-volume_attachments"];
    let answer = action.write(Write::post(Service::Compute, &path, body)).await?;
    Ok(done(volume, server, answer.request_id))
}

async fn delete(action: &Action<'_>) -> Result<Done> {
    let ends = action.step.target()?.native_key.split_once('/');
    let (volume, server) = ends.ok_or_else(|| Error::internal("an attachment's key is volume/server"))?;
    let path = ["servers", server, "os-volume_attachments", volume];
    let request_id = match action.write(Write::delete(Service::Compute, &path)).await {
        Ok(answer) => answer.request_id,
        Err(error) => {
            // It may have been detached since the refusal.
            let is_detaching = |volume: &Value| {
                let attachments = volume["attachments"].as_array();
                let is_gone = attachments.is_some_and(|all| all.iter().all(|one| one["server_id"] != server));
                volume["status"] == "detaching" || is_gone
            };
            repeat::accept_if(action, error, Service::Volume, &["volumes", volume], "volume", is_detaching)
                .await?
                .request_id
        }
    };
    Ok(done(volume, server, request_id))
}

fn done(volume: &str, server: &str, request_id: Option<String>) -> Done {
    let touched = vec![
        Touched::new(Kind::VolumeAttachment, format!("{volume}/{server}")),
        Touched::new(Kind::Volume, volume),
        Touched::new(Kind::Instance, server),
    ];
    Done { touched, answer: None, request_id }
}
