//! Volumes.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{AttachmentPoint, Instance, Verb, VerbSupport, Volume, VolumeSnapshot};
use gateway_core::{Kind, Result};

use crate::descriptor::{CREATE, DELETE, Descriptor, UPDATE};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::xml::{Element, wrong_document};
use crate::{state, tags};

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::Volume,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    verbs: &[CREATE, UPDATE, DELETE, VerbSupport::new(Verb::Extend)],
    calls: &[ListCall::new(
        "DescribeVolumes",
        "volumeSet",
        Single::Parameter("VolumeId"),
        Mapping::One(observe),
    )
    .paged(1000)],
};

/// Maps one item of `volumeSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe(volume: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags::read(volume);
    let word = volume.required(&["status"])?;
    let fields = Volume {
        description: None,
        size_gib: volume.read_at(&["size"])?.ok_or_else(|| wrong_document("a volume without size"))?,
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
    let id = volume.required(&["volumeId"])?;
    let mut observed = Observed::new(id, tags::name(&tags), &fields, volume.to_json())?
        .with_state(state::VOLUME.of(word), word);
    // Most clouds leave out the owner, because they show a volume to nobody else.
    origin.set_owner(&mut observed, volume.text_at(&["ownerId"]));
    observed.created_at = volume.time_at(&["createTime"])?;
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

    use super::*;
    use crate::fixtures::with_origin;

    const ATTACHED: &str = "<item><volumeId>vol-1</volumeId><size>8</size><status>in-use</status><iops>3000</iops>\
        <throughput>125</throughput><encrypted>true</encrypted><snapshotId>snap-1</snapshotId>\
        <volumeType>gp3</volumeType><availabilityZone>r1a</availabilityZone><createTime>2024-05-01T10:00:00.000Z</createTime>\
        <attachmentSet><item><instanceId>i-1</instanceId><device>/dev/sdf</device><status>attached</status></item>\
        <item><instanceId>i-2</instanceId><status>detached</status></item></attachmentSet>\
        <tagSet><item><key>Name</key><value>data</value></item><item><key>empty</key><value/></item></tagSet></item>";

    #[test]
    fn volume_is_mapped() {
        let observed = with_origin(ATTACHED, observe).unwrap();
        assert_eq!((observed.external_id.as_str(), observed.name.as_str()), ("vol-1", "data"));
        assert_eq!((observed.state, observed.cloud_state.as_deref()), (Some("in_use"), Some("in-use")));
        assert_eq!(observed.owner.as_deref(), Some("111"));
        assert_eq!(observed.created_at.unwrap().to_string(), "2024-05-01T10:00:00.000000Z");
        assert_eq!(observed.tags["empty"], "");
        let fields: Volume = serde_json::from_value(observed.fields.into()).unwrap();
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
        assert_eq!(observed.raw["attachmentSet"][1]["status"], json!("detached"));
    }

    #[test]
    fn unknown_state_is_mapped_and_missing_state_is_an_error() {
        let unknown = with_origin(&ATTACHED.replace(">in-use<", ">floating<"), observe).unwrap();
        assert_eq!((unknown.state, unknown.cloud_state.as_deref()), (Some("unknown"), Some("floating")));
        let missing = with_origin(&ATTACHED.replace(">in-use<", "><"), observe).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::WrongDocument);
    }
}
