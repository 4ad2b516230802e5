//! Attaches volumes to servers: Nova does both ends, and Cinder tells of it.

use gateway_core::driver::{Done, Touched};
use gateway_core::error::{Error, Result};
use gateway_core::kind::{Canonical, CreateVolumeAttachment, Instance, Volume, VolumeAttachment};
use serde_json::{Value, json};

use super::{Act, again, find_by_key};
use crate::catalog::Service;
use crate::connection::Write;
use crate::session::OpenStackSession;

pub(super) async fn create(act: &Act<'_>, command: &CreateVolumeAttachment) -> Result<Done> {
    let (volume, server) = (act.id(command.volume)?, act.id(command.instance)?);
    let mut attachment = json!({ "volumeId": volume });
    if let Some(device) = &command.device {
        attachment["device"] = json!(device);
    }
    let body = json!({ "volumeAttachment": attachment });
    let path = ["servers", server, "os-volume_attachments"];
    let answer = act.write(Write::post(Service::Compute, &path, body)).await?;
    Ok(done(volume, server, answer.request_id))
}

pub(super) async fn delete(act: &Act<'_>) -> Result<Done> {
    let ends = act.step.target()?.native_key.split_once('/');
    let (volume, server) = ends.ok_or_else(|| Error::internal("an attachment's key has two ends"))?;
    let path = ["servers", server, "os-volume_attachments", volume];
    let request_id = match act.write(Write::delete(Service::Compute, &path)).await {
        Ok(answer) => answer.request_id,
        Err(error) => {
            // Or it has left since: a refusal is of a moment before.
            let is_leaving = |now: &Value| {
                let ends = now["attachments"].as_array();
                let has_left = ends.is_some_and(|ends| ends.iter().all(|end| end["server_id"] != server));
                now["status"] == "detaching" || has_left
            };
            again::or_refusal(act, error, Service::Volume, &["volumes", volume], "volume", is_leaving)
                .await?
                .request_id
        }
    };
    Ok(done(volume, server, request_id))
}

pub(super) async fn find(
    act: &Act<'_>,
    session: &OpenStackSession,
    command: &CreateVolumeAttachment,
) -> Result<Option<Touched>> {
    let key = format!("{}/{}", act.id(command.volume)?, act.id(command.instance)?);
    find_by_key(act, session, VolumeAttachment::KIND, key).await
}

fn done(volume: &str, server: &str, request_id: Option<String>) -> Done {
    let touched = vec![
        Touched::new(VolumeAttachment::KIND, format!("{volume}/{server}")),
        Touched::new(Volume::KIND, volume),
        Touched::new(Instance::KIND, server),
    ];
    Done { touched, answer: None, request_id }
}
