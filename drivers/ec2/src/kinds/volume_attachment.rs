//! Attachments of volumes to instances, as the volumes' documents have them.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Instance, Volume, VolumeAttachment};
use gateway_core::{Kind, Result};

use crate::descriptor::{CREATE, DELETE, Descriptor};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::state;
use crate::xml::Element;

/// The character between the ids of volume and instance in a native key.
const SEPARATOR: char = '/';

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::VolumeAttachment,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    verbs: &[CREATE, DELETE],
    calls: &[ListCall::new(
        "DescribeVolumes",
        "volumeSet",
        Single::Derived(volume_of),
        Mapping::Many(observe_all),
    )
    .paged(1000)],
};

/// Returns the native key of an attachment.
pub(crate) fn native_key(volume: &str, instance: &str) -> String {
    format!("{volume}{SEPARATOR}{instance}")
}

/// Returns the ids of volume and instance in a native key.
pub(crate) fn ends(native_key: &str) -> Option<(&str, &str)> {
    native_key.split_once(SEPARATOR)
}

fn volume_of(native_key: &str) -> (&'static str, &str) {
    ("VolumeId", ends(native_key).map_or(native_key, |(volume, _)| volume))
}

/// Maps the attachments in one item of `volumeSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe_all(volume: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    // A volume can be attached to a resource of AWS itself, which is no instance.
    let attachments = volume.items(&["attachmentSet"]).filter(|item| item.text_at(&["instanceId"]).is_some());
    attachments.map(|attachment| observe(attachment, volume, origin)).collect()
}

fn observe(attachment: &Element, volume: &Element, origin: Origin<'_>) -> Result<Observed> {
    let word = attachment.required(&["status"])?;
    let (volume_id, instance_id) = (volume.required(&["volumeId"])?, attachment.required(&["instanceId"])?);
    let attached_at = attachment.time_at(&["attachTime"])?;
    let fields = VolumeAttachment {
        volume: origin.reference::<Volume>(volume_id),
        instance: origin.reference::<Instance>(instance_id),
        device: attachment.owned_at(&["device"]),
        read_only: None,
        delete_on_termination: attachment.read_at(&["deleteOnTermination"])?,
        attached_at,
    };
    let id = native_key(volume_id, instance_id);
    let mut observed = Observed::new(id, "", &fields, attachment.to_json())?
        .with_state(state::VOLUME_ATTACHMENT.of(word), word);
    origin.set_owner(&mut observed, volume.text_at(&["ownerId"]));
    observed.created_at = attached_at;
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;
    use serde_json::json;

    use super::*;
    use crate::fixtures::with_origin;

    const VOLUME: &str = "<item><volumeId>vol-1</volumeId><size>3</size><status>in-use</status><attachmentSet>\
        <item><volumeId>vol-1</volumeId><instanceId>i-1</instanceId><device>/dev/sdf</device><status>attached</status>\
        <attachTime>2026-11-24T10:19:19.000Z</attachTime><deleteOnTermination>false</deleteOnTermination></item>\
        <item><volumeId>vol-1</volumeId><instanceId>i-2</instanceId><device>/dev/sdg</device><status>busy</status></item>\
        <item><volumeId>vol-1</volumeId><instanceId/><associatedResource>arn:x</associatedResource><status>attached</status></item>\
        </attachmentSet></item>";

    #[test]
    fn each_instance_of_a_volume_has_an_attachment() {
        let observed = with_origin(VOLUME, observe_all).unwrap();
        let keys: Vec<_> = observed.iter().map(|one| (one.native_key.as_str(), one.state)).collect();
        assert_eq!(keys, [("vol-1/i-1", Some("attached")), ("vol-1/i-2", Some("detaching"))]);
        assert_eq!(observed[0].external_id, "vol-1/i-1");
        assert_eq!(observed[0].owner.as_deref(), Some("111"));
        assert_eq!(observed[0].raw["deleteOnTermination"], json!("false"));
        let fields: VolumeAttachment = serde_json::from_value(observed[0].fields.clone().into()).unwrap();
        let expected = with_origin("<a/>", |_, origin| VolumeAttachment {
            volume: origin.reference::<Volume>("vol-1"),
            instance: origin.reference::<Instance>("i-1"),
            device: Some("/dev/sdf".to_owned()),
            read_only: None,
            delete_on_termination: Some(false),
            attached_at: observed[0].created_at,
        });
        assert_eq!(fields, expected);
        assert_eq!(fields.attached_at.unwrap().to_string(), "2026-11-24T10:19:19.000000Z");
    }

    #[test]
    fn free_volume_has_no_attachment_and_missing_state_is_an_error() {
        let free = "<item><volumeId>vol-1</volumeId><attachmentSet/></item>";
        assert!(with_origin(free, observe_all).unwrap().is_empty());
        let stateless = VOLUME.replace(">busy<", "><");
        assert_eq!(with_origin(&stateless, observe_all).unwrap_err().kind(), ErrorKind::WrongDocument);
    }

    #[test]
    fn native_key_of_attachment_names_its_volume() {
        assert_eq!(volume_of("vol-1/i-1"), ("VolumeId", "vol-1"));
        assert_eq!(volume_of("odd"), ("VolumeId", "odd"));
    }
}
