//! Volumes in instances: what volumes say of where they are attached.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Instance, Volume, VolumeAttachment, VolumeAttachmentState};

use super::{Origin, set_owner, state_of, time_at};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

/// Between the ids of volume and instance in a native key.
const SEPARATOR: char = '/';

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: VolumeAttachment::KIND,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    parts: &[Part::new("DescribeVolumes", "volumeSet", Single::Derived(volume_of), Map::Many(observe_all))
        .paged(1000)],
};

/// EC2's words for the state of an attachment; `busy` is one that its instance does not let go of.
pub(crate) const STATES: [(&str, VolumeAttachmentState); 5] = [
    ("attaching", VolumeAttachmentState::Attaching),
    ("attached", VolumeAttachmentState::Attached),
    ("detaching", VolumeAttachmentState::Detaching),
    ("busy", VolumeAttachmentState::Detaching),
    ("detached", VolumeAttachmentState::Detached),
];

fn volume_of(native_key: &str) -> (&'static str, &str) {
    ("VolumeId", native_key.split_once(SEPARATOR).map_or(native_key, |(volume, _)| volume))
}

/// Reads the attachments of one item of `volumeSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every attachment has, or is of the wrong type.
fn observe_all(volume: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    // A volume may be in something of the cloud's own, which is no instance.
    let attachments = volume.items(&["attachmentSet"]).filter(|item| item.text_at(&["instanceId"]).is_some());
    attachments.map(|attachment| observe(attachment, volume, origin)).collect()
}

fn observe(attachment: &Element, volume: &Element, origin: Origin<'_>) -> Result<Observed> {
    let word = attachment.required(&["status"])?;
    let (volume_id, instance_id) = (volume.required(&["volumeId"])?, attachment.required(&["instanceId"])?);
    let attached_at = time_at(attachment, &["attachTime"])?;
    let fields = VolumeAttachment {
        volume: origin.reference::<Volume>(volume_id),
        instance: origin.reference::<Instance>(instance_id),
        device: attachment.owned_at(&["device"]),
        read_only: None,
        delete_on_termination: attachment.read_at(&["deleteOnTermination"])?,
        attached_at,
    };
    let id = format!("{volume_id}{SEPARATOR}{instance_id}");
    let mut observed = Observed::new(id, "", &fields, attachment.to_json())?
        .with_state(state_of(&STATES, word, VolumeAttachmentState::Unknown), word);
    set_owner(&mut observed, volume.text_at(&["ownerId"]), origin);
    observed.created_at = attached_at;
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;
    use serde_json::json;

    use super::super::testing::with_origin;
    use super::*;

    const VOLUME: &str = "<item><volumeId>vol-1</volumeId><size>3</size><status>in-use</status><attachmentSet>\
        <item><volumeId>vol-1</volumeId><instanceId>i-1</instanceId><device>/dev/sdf</device><status>attached</status>\
        <attachTime>2026-11-24T10:19:19.000Z</attachTime><deleteOnTermination>false</deleteOnTermination></item>\
        <item><volumeId>vol-1</volumeId><instanceId>i-2</instanceId><device>/dev/sdg</device><status>busy</status></item>\
        <item><volumeId>vol-1</volumeId><instanceId/><associatedResource>arn:x</associatedResource><status>attached</status></item>\
        </attachmentSet></item>";

    #[test]
    fn each_instance_has_an_attachment_of_its_own() {
        let seen = with_origin(VOLUME, observe_all).unwrap();
        let keys: Vec<_> = seen.iter().map(|one| (one.native_key.as_str(), one.state)).collect();
        assert_eq!(keys, [("vol-1/i-1", Some("attached")), ("vol-1/i-2", Some("detaching"))]);
        assert_eq!(seen[0].external_id, "vol-1/i-1");
        assert_eq!(seen[0].owner.as_deref(), Some("111"));
        assert_eq!(seen[0].raw["deleteOnTermination"], json!("false"));
        let fields: VolumeAttachment = serde_json::from_value(seen[0].fields.clone().into()).unwrap();
        let expected = with_origin("<a/>", |_, origin| VolumeAttachment {
            volume: origin.reference::<Volume>("vol-1"),
            instance: origin.reference::<Instance>("i-1"),
            device: Some("/dev/sdf".to_owned()),
            read_only: None,
            delete_on_termination: Some(false),
            attached_at: seen[0].created_at,
        });
        assert_eq!(fields, expected);
        assert_eq!(fields.attached_at.unwrap().to_string(), "2026-11-24T10:19:19.000000Z");
    }

    #[test]
    fn a_free_volume_has_none_and_a_wordless_attachment_is_odd() {
        let free = "<item><volumeId>vol-1</volumeId><attachmentSet/></item>";
        assert!(with_origin(free, observe_all).unwrap().is_empty());
        let wordless = VOLUME.replace(">busy<", "><");
        assert_eq!(with_origin(&wordless, observe_all).unwrap_err().kind(), ErrorKind::WrongDocument);
    }

    #[test]
    fn a_native_key_leads_to_its_volume() {
        assert_eq!(volume_of("vol-1/i-1"), ("VolumeId", "vol-1"));
        assert_eq!(volume_of("odd"), ("VolumeId", "odd"));
    }
}
