//! Commands of attachments of volumes.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use gateway_core::driver::{Done, Session, Step, Touched};
use gateway_core::id::Region;
use gateway_core::kind::{Command, CreateVolumeAttachment, Instance, Verb, Volume, VolumeAttachment};
use gateway_core::{Error, ErrorKind, Kind, Result};
use serde_json::Value;

use super::action::{Action, done, touched};
use super::reference::key_of;
use crate::form::Form;
use crate::kinds::volume_attachment::{ends, native_key};
use crate::xml::{Element, wrong_document};

/// The letters that EC2 recommends for the devices of data volumes.
const LETTERS: RangeInclusive<char> = 'f'..='p';

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateVolumeAttachment(command)) => create(action, command).await,
        (Verb::Delete, _) => delete(action).await,
        _ => Err(action.step.unsupported()),
    }
}

/// Finds an attachment by volume and instance, which have one at most.
///
/// # Errors
/// The cloud's error.
pub(crate) async fn find(
    session: &(impl Session + ?Sized),
    region: &Region,
    step: &Step<'_>,
    command: &CreateVolumeAttachment,
) -> Result<Option<Touched>> {
    let key = native_key(key_of(step, command.volume)?, key_of(step, command.instance)?);
    let found = session.get(region, Kind::VolumeAttachment, &key).await?;
    Ok(found.filter(|found| found.state != Some("detached")).map(|_| touched::<VolumeAttachment>(key)))
}

async fn create(action: &Action<'_>, command: &CreateVolumeAttachment) -> Result<Done> {
    let volume = key_of(action.step, command.volume)?;
    let instance = key_of(action.step, command.instance)?;
    let device = match &command.device {
        Some(device) => device.clone(),
        None => free_device(action, instance).await?,
    };
    let form = Form::new("AttachVolume")
        .with("VolumeId", volume)
        .with("InstanceId", instance)
        .with("Device", device);
    let answer = action.write(form).await?;
    let attachment = touched::<VolumeAttachment>(native_key(volume, instance));
    Ok(done(&answer, vec![attachment, touched::<Volume>(volume), touched::<Instance>(instance)]))
}

/// Returns a device name that no disk of the instance has. EC2 requires one and does not choose it.
async fn free_device(action: &Action<'_>, instance: &str) -> Result<String> {
    let answer = action.read(Form::new("DescribeInstances").with_list("InstanceId", [instance])).await?;
    let instances =
        answer.items(&["reservationSet"]).flat_map(|reservation| reservation.items(&["instancesSet"]));
    let disks = instances.flat_map(|instance| instance.items(&["blockDeviceMapping"]));
    // The same disk may be called `sdf` or `xvdf`, so that only the letter counts.
    let taken: BTreeSet<char> = disks.filter_map(|disk| letter(disk.text_at(&["deviceName"])?)).collect();
    first_free(&taken).ok_or_else(|| {
        let message =
            format!("`{instance}` has no free device from /dev/sdf to /dev/sdp; name another `device`");
        Error::new(ErrorKind::Conflict, message).at("/device").untouched()
    })
}

/// Returns the letter in a device name such as `/dev/sdf`, `/dev/sdf1` or `xvdf`.
fn letter(device: &str) -> Option<char> {
    let name = device.strip_prefix("/dev/").unwrap_or(device);
    ["sd", "xvd", "hd"].iter().find_map(|start| name.strip_prefix(start))?.chars().next()
}

fn first_free(taken: &BTreeSet<char>) -> Option<String> {
    LETTERS.into_iter().find(|letter| !taken.contains(letter)).map(|letter| format!("/dev/sd{letter}"))
}

async fn delete(action: &Action<'_>) -> Result<Done> {
    let target = action.target()?;
    let (volume, instance) = ends(&target.native_key)
        .ok_or_else(|| Error::internal("the native key of an attachment has two parts"))?;
    let form = Form::new("DetachVolume")
        .with("VolumeId", volume)
        .with("InstanceId", instance)
        .with_some("Device", target.document.get("device").and_then(Value::as_str));
    let resources = vec![action.touched_target()?, touched::<Volume>(volume), touched::<Instance>(instance)];
    match action.write(form).await {
        Ok(answer) => Ok(done(&answer, resources)),
        // EC2 calls a detached volume one in the wrong state.
        Err(error)
            if error.kind() == ErrorKind::Conflict && !is_attached(action, volume, instance).await? =>
        {
            Ok(Done { touched: resources, ..Done::default() })
        }
        Err(error) => Err(error),
    }
}

async fn is_attached(action: &Action<'_>, volume: &str, instance: &str) -> Result<bool> {
    let answer = action.read(Form::new("DescribeVolumes").with_list("VolumeId", [volume])).await?;
    let volume = answer
        .items(&["volumeSet"])
        .next()
        .ok_or_else(|| wrong_document("an answer without the requested volume"))?;
    let is_in_force = |item: &Element| {
        item.text_at(&["instanceId"]) == Some(instance) && item.text_at(&["status"]) != Some("detached")
    };
    Ok(volume.items(&["attachmentSet"]).any(is_in_force))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_of_new_attachment_has_the_first_free_letter() {
        let taken = |names: &[&str]| names.iter().filter_map(|name| letter(name)).collect::<BTreeSet<_>>();
        assert_eq!(first_free(&taken(&["/dev/sda1", "/dev/xvdb"])).as_deref(), Some("/dev/sdf"));
        assert_eq!(first_free(&taken(&["/dev/sdf", "xvdg"])).as_deref(), Some("/dev/sdh"));
        assert_eq!(first_free(&('a'..='z').collect()), None);
        assert_eq!(letter("/dev/nvme0n1"), None);
    }
}
