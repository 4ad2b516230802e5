//! Volumes.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{AttachmentPoint, Canonical as _, Instance, Volume, VolumeSnapshot, VolumeState};

use super::{Origin, name_tag, set_owner, state_of, tags, time_at};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::{Element, odd};

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: Volume::KIND,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    parts: &[Part::new("DescribeVolumes", "volumeSet", Single::Parameter("VolumeId"), Map::One(observe))
        .paged(1000)],
};

/// EC2's words for the state of a volume.
pub(crate) const STATES: [(&str, VolumeState); 6] = [
    ("creating", VolumeState::Pending),
    ("available", VolumeState::Available),
    ("in-use", VolumeState::InUse),
    ("deleting", VolumeState::Deleting),
    ("deleted", VolumeState::Deleted),
    ("error", VolumeState::Error),
];

/// Reads one item of `volumeSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every volume has, or is of the wrong type.
pub(crate) fn observe(volume: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags(volume);
    let word = volume.required(&["status"])?;
    let fields = Volume {
        description: None,
        size_gib: volume.read_at(&["size"])?.ok_or_else(|| odd("a volume without size"))?,
        volume_type: volume.owned_at(&["volumeType"]),
        datacenter: volume.owned_at(&["availabilityZone"]),
        bootable: None,
        encrypted: volume.read_at(&["encrypted"])?,
        multiattach: volume.read_at(&["multiAttachEnabled"])?,
        iops: volume.read_at(&["iops"])?,
        throughput_mib_per_second: volume.read_at(&["throughput"])?,
        snapshot: volume.text_at(&["snapshotId"]).map(|id| origin.reference::<VolumeSnapshot>(id)),
        image: None,
        attachments: volume.items(&["attachmentSet"]).filter_map(|item| attachment(item, origin)).collect(),
    };
    let mut observed =
        Observed::new(volume.required(&["volumeId"])?, name_tag(&tags), &fields, volume.to_json())?
            .with_state(state_of(&STATES, word, VolumeState::Unknown), word);
    // Most clouds leave out the owner, who alone is shown a volume.
    set_owner(&mut observed, volume.text_at(&["ownerId"]), origin);
    observed.created_at = time_at(volume, &["createTime"])?;
    observed.tags = tags;
    Ok(observed)
}

fn attachment(item: &Element, origin: Origin<'_>) -> Option<AttachmentPoint> {
    let instance = item.text_at(&["instanceId"]).filter(|_| item.text_at(&["status"]) != Some("detached"))?;
    let device = item.owned_at(&["device"]);
    Some(AttachmentPoint { instance: origin.reference::<Instance>(instance), device })
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;
    use serde_json::json;

    use super::super::testing::with_origin;
    use super::*;

    const ATTACHED: &str = "<item><volumeId>vol-1</volumeId><size>8</size><status>in-use</status><iops>3000</iops>\
        <throughput>125</throughput><encrypted>true</encrypted><snapshotId>snap-1</snapshotId>\
        <volumeType>gp3</volumeType><availabilityZone>r1a</availabilityZone><createTime>2024-05-01T10:00:00.000Z</createTime>\
        <attachmentSet><item><instanceId>i-1</instanceId><device>/dev/sdf</device><status>attached</status></item>\
        <item><instanceId>i-2</instanceId><status>detached</status></item></attachmentSet>\
        <tagSet><item><key>Name</key><value>data</value></item><item><key>empty</key><value/></item></tagSet></item>";

    #[test]
    fn everything_that_the_cloud_tells_is_kept() {
        let seen = with_origin(ATTACHED, observe).unwrap();
        assert_eq!((seen.external_id.as_str(), seen.name.as_str()), ("vol-1", "data"));
        assert_eq!((seen.state, seen.cloud_state.as_deref()), (Some("in_use"), Some("in-use")));
        assert_eq!(seen.owner.as_deref(), Some("111"));
        assert_eq!(seen.created_at.unwrap().to_string(), "2024-05-01T10:00:00.000000Z");
        assert_eq!(seen.tags["empty"], "");
        let fields: Volume = serde_json::from_value(seen.fields.into()).unwrap();
        assert_eq!(
            (fields.size_gib, fields.iops, fields.throughput_mib_per_second),
            (8, Some(3000), Some(125))
        );
        assert_eq!((fields.encrypted, fields.multiattach), (Some(true), None));
        assert_eq!(fields.attachments.len(), 1);
        with_origin("<a/>", |_, origin| {
            assert_eq!(fields.attachments[0].instance, origin.reference::<Instance>("i-1"));
            assert_eq!(fields.snapshot, Some(origin.reference::<VolumeSnapshot>("snap-1")));
        });
        assert_eq!(seen.raw["attachmentSet"][1]["status"], json!("detached"));
    }

    #[test]
    fn a_new_word_is_unknown_and_a_missing_one_an_error() {
        let strange = with_origin(&ATTACHED.replace(">in-use<", ">floating<"), observe).unwrap();
        assert_eq!((strange.state, strange.cloud_state.as_deref()), (Some("unknown"), Some("floating")));
        let missing = with_origin(&ATTACHED.replace(">in-use<", "><"), observe).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::WrongDocument);
    }
}
