//! Volumes, where they are attached, and their snapshots.

use std::collections::BTreeSet;

use gateway_core::driver::{Done, Step};
use gateway_core::kinds::{Instance, Volume, VolumeAttachment, VolumeSnapshot};
use gateway_core::order::{CreateVolume, CreateVolumeAttachment, CreateVolumeSnapshot, Order};
use gateway_core::verb::Verb;
use gateway_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::cloud_options::merge_or_refuse;
use super::faults::Faults;
use super::tagging::{Naming, retag, tagged, updated};
use super::{Act, done, key_of, touched, touched_target};
use crate::form::Form;
use crate::xml::{Element, odd};

/// The letters that EC2 recommends for the devices of further volumes.
const LETTERS: std::ops::RangeInclusive<char> = 'f'..='p';

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let faults = Faults::default();
    match step.order {
        Order::CreateVolume(order) => faults
            .no_description(order.description.as_ref())
            .unless(order.datacenter.is_some(), "/datacenter", "must be given: volumes are in one zone here")
            .unless(
                order.image.is_none(),
                "/image",
                "this type of cloud makes no volume of an image: name its snapshot",
            )
            .unless(
                order.volume.is_none(),
                "/volume",
                "this type of cloud copies no volumes: name a snapshot of it",
            )
            .unless(
                order.volume_type.is_none(),
                "/volume_type",
                "types of volumes are words here: `cloud_options`, `VolumeType`",
            )
            .tags(&order.tags, Naming::Tag(&order.name))
            .options(volume_form(step, order), &order.cloud_options),
        Order::CreateVolumeSnapshot(order) => faults
            .tags(&order.tags, Naming::Tag(&order.name))
            .options(snapshot_form(step, order), &order.cloud_options),
        Order::Update(order) if step.kind.as_str() == "volume" => {
            faults.no_description(order.description.as_ref()).update(step, true)
        }
        Order::Update(order) => faults
            .unless(
                order.description.is_none(),
                "/description",
                "the description of a snapshot is for good at this type of cloud",
            )
            .update(step, true),
        _ => faults,
    }
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.order) {
        (Verb::Create, Order::CreateVolume(order)) => {
            let form = merge_or_refuse(volume_form(act.step, order)?, &order.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<Volume>(answer.required(&["volumeId"])?)]))
        }
        (Verb::Create, Order::CreateVolumeSnapshot(order)) => {
            let form = merge_or_refuse(snapshot_form(act.step, order)?, &order.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<VolumeSnapshot>(answer.required(&["snapshotId"])?)]))
        }
        (Verb::Create, Order::CreateVolumeAttachment(order)) => attach(act, order).await,
        (Verb::Update, Order::Update(order)) => {
            updated(act, retag(act, order.name.as_ref(), order.tags.as_ref(), true).await?)
        }
        (Verb::Extend, Order::Extend(order)) => extend(act, order.size_gib).await,
        (Verb::Delete, _) => match act.step.kind.as_str() {
            "volume_attachment" => detach(act).await,
            "volume" => delete(act, "DeleteVolume", "VolumeId").await,
            _ => delete(act, "DeleteSnapshot", "SnapshotId").await,
        },
        _ => Err(act.step.unsupported()),
    }
}

async fn delete(act: &Act<'_>, action: &'static str, name: &str) -> Result<Done> {
    let answer = act.write(Form::new(action).with(name, act.target_key()?)).await?;
    Ok(done(&answer, vec![touched_target(act)?]))
}

fn volume_form(step: &Step<'_>, order: &CreateVolume) -> Result<Form> {
    let form = Form::new("CreateVolume")
        .with_some("AvailabilityZone", order.datacenter.as_ref())
        .with_some("Size", order.size_gib)
        .with_some("SnapshotId", order.snapshot.map(|id| key_of(step, id)).transpose()?)
        .with("ClientToken", step.marker);
    Ok(tagged(form, "volume", step, &order.tags, Naming::Tag(&order.name)))
}

fn snapshot_form(step: &Step<'_>, order: &CreateVolumeSnapshot) -> Result<Form> {
    let form = Form::new("CreateSnapshot")
        .with("VolumeId", key_of(step, order.volume)?)
        .with_some("Description", order.description.as_ref());
    Ok(tagged(form, "snapshot", step, &order.tags, Naming::Tag(&order.name)))
}

async fn attach(act: &Act<'_>, order: &CreateVolumeAttachment) -> Result<Done> {
    let (volume, instance) = (key_of(act.step, order.volume)?, key_of(act.step, order.instance)?);
    let device = match &order.device {
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

async fn extend(act: &Act<'_>, size_gib: u64) -> Result<Done> {
    let key = act.target_key()?;
    let seen = vec![touched_target(act)?];
    match act.write(Form::new("ModifyVolume").with("VolumeId", key).with("Size", size_gib)).await {
        Ok(answer) => Ok(done(&answer, seen)),
        // EC2 refuses a second change for hours; when it is the same one, the first was taken.
        Err(error) if error.kind() == ErrorKind::Conflict && is_on_its_way(act, key, size_gib).await? => {
            Ok(Done { touched: seen, ..Done::default() })
        }
        Err(error) => Err(error),
    }
}

async fn is_on_its_way(act: &Act<'_>, volume: &str, size_gib: u64) -> Result<bool> {
    let answer = act.read(Form::new("DescribeVolumesModifications").with_list("VolumeId", [volume])).await?;
    for item in answer.items(&["volumeModificationSet"]) {
        let is_failed = item.text_at(&["modificationState"]) == Some("failed");
        if !is_failed && item.read_at::<u64>(&["targetSize"])? == Some(size_gib) {
            return Ok(true);
        }
    }
    Ok(false)
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
