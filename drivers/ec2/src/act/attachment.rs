//! Volumes in instances.

use std::collections::BTreeSet;

use gateway_core::driver::Done;
use gateway_core::kind::{Command, CreateVolumeAttachment, Instance, Verb, Volume, VolumeAttachment};
use gateway_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::{Act, done, key_of, touched, touched_target};
use crate::form::Form;
use crate::xml::{Element, odd};

/// The letters that EC2 recommends for the devices of further volumes.
const LETTERS: std::ops::RangeInclusive<char> = 'f'..='p';

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateVolumeAttachment(command)) => attach(act, command).await,
        (Verb::Delete, _) => detach(act).await,
        _ => Err(act.step.unsupported()),
    }
}

async fn attach(act: &Act<'_>, command: &CreateVolumeAttachment) -> Result<Done> {
    let (volume, instance) = (key_of(act.step, command.volume)?, key_of(act.step, command.instance)?);
    let device = match &command.device {
        Some(device) => device.clone(),
        None => free_device(act, instance).await?,
    };
    let form = Form::new("AttachVolume")
        .with("VolumeId", volume)
        .with("InstanceId", instance)
        .with("Device", device);
    let answer = act.write(form).await?;
    let attachment = touched::<VolumeAttachment>(format!("{volume}/{instance}"));
    Ok(done(&answer, vec![attachment, touched::<Volume>(volume), touched::<Instance>(instance)]))
}

/// A name that no disk of the instance has: EC2 wants one, and chooses none.
async fn free_device(act: &Act<'_>, instance: &str) -> Result<String> {
    let answer = act.read(Form::new("DescribeInstances").with_list("InstanceId", [instance])).await?;
    let reservation =
        answer.items(&["reservationSet"]).flat_map(|reservation| reservation.items(&["instancesSet"]));
    let disks = reservation.flat_map(|instance| instance.items(&["blockDeviceMapping"]));
    // The same disk may be called sdf or xvdf.
    let taken: BTreeSet<char> = disks.filter_map(|disk| letter(disk.text_at(&["deviceName"])?)).collect();
    first_free(&taken).ok_or_else(|| {
        let message = "the instance has no free device from /dev/sdf to /dev/sdp: name one";
        Error::new(ErrorKind::Conflict, message).at("/device").untouched()
    })
}

/// What tells `/dev/sdf`, `/dev/sdf1` and `xvdf` from others.
fn letter(device: &str) -> Option<char> {
    let name = device.strip_prefix("/dev/").unwrap_or(device);
    ["sd", "xvd", "hd"].iter().find_map(|start| name.strip_prefix(start))?.chars().next()
}

fn first_free(taken: &BTreeSet<char>) -> Option<String> {
    LETTERS.into_iter().find(|letter| !taken.contains(letter)).map(|letter| format!("/dev/sd{letter}"))
}

async fn detach(act: &Act<'_>) -> Result<Done> {
    let target = act.target()?;
    let (volume, instance) = target
        .native_key
        .split_once('/')
        .ok_or_else(|| Error::internal("an attachment's key has two parts"))?;
    let form = Form::new("DetachVolume")
        .with("VolumeId", volume)
        .with("InstanceId", instance)
        .with_some("Device", target.document.get("device").and_then(Value::as_str));
    let seen = vec![touched_target(act)?, touched::<Volume>(volume), touched::<Instance>(instance)];
    match act.write(form).await {
        Ok(answer) => Ok(done(&answer, seen)),
        // EC2 says of a volume that is free already that its state is wrong.
        Err(error) if error.kind() == ErrorKind::Conflict && !is_attached(act, volume, instance).await? => {
            Ok(Done { touched: seen, ..Done::default() })
        }
        Err(error) => Err(error),
    }
}

async fn is_attached(act: &Act<'_>, volume: &str, instance: &str) -> Result<bool> {
    let answer = act.read(Form::new("DescribeVolumes").with_list("VolumeId", [volume])).await?;
    let volume = answer.items(&["volumeSet"]).next().ok_or_else(|| odd("a volume that is not shown"))?;
    let is_it = |item: &Element| {
        item.text_at(&["instanceId"]) == Some(instance) && item.text_at(&["status"]) != Some("detached")
    };
    Ok(volume.items(&["attachmentSet"]).any(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_volume_gets_the_first_letter_that_is_free() {
        let taken = |names: &[&str]| names.iter().filter_map(|name| letter(name)).collect::<BTreeSet<_>>();
        assert_eq!(first_free(&taken(&["/dev/sda1", "/dev/xvdb"])).as_deref(), Some("/dev/sdf"));
        assert_eq!(first_free(&taken(&["/dev/sdf", "xvdg"])).as_deref(), Some("/dev/sdh"));
        assert_eq!(first_free(&('a'..='z').collect()), None);
        assert_eq!(letter("/dev/nvme0n1"), None);
    }
}
