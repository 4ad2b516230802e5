//! Snapshots of volumes.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Volume, VolumeSnapshot};
use gateway_core::{Kind, Result};

use crate::descriptor::{CREATE, DELETE, Descriptor, UPDATE};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::xml::{Element, wrong_document};
use crate::{state, tags};

const ACTION: &str = "DescribeSnapshots";
const LIST: &str = "snapshotSet";
const PAGE_SIZE: u32 = 1000;

/// By id EC2 would also show public snapshots; by filter it shows only those of the listing.
const SINGLE: Single = Single::Filter("snapshot-id");

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::VolumeSnapshot,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    verbs: &[CREATE, UPDATE, DELETE],
    calls: &[
        ListCall::new(ACTION, LIST, SINGLE, Mapping::Many(observe_own))
            .paged(PAGE_SIZE)
            .named("self")
            .with_parameters(|form, _| Some(form.with_list("Owner", ["self"]))),
        // Snapshots that others share with this account. Without a parameter EC2 would add all public snapshots.
        ListCall::new(ACTION, LIST, SINGLE, Mapping::Many(observe_shared))
            .paged(PAGE_SIZE)
            .named("shared")
            .with_parameters(|form, _| Some(form.with_list("RestorableBy", ["self"]))),
    ],
};

/// EC2's volume id in a copy of a snapshot, which was not made of a volume.
const NO_VOLUME: &str = "vol-ffffffff";

fn observe_own(snapshot: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    is_own(snapshot, origin)?.then(|| observe(snapshot, origin)).into_iter().collect()
}

/// Maps snapshots of other accounts; own snapshots are in the call before.
fn observe_shared(snapshot: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    (!is_own(snapshot, origin)?).then(|| observe(snapshot, origin)).into_iter().collect()
}

fn is_own(snapshot: &Element, origin: Origin<'_>) -> Result<bool> {
    Ok(snapshot.required(&["ownerId"])? == origin.account)
}

/// Maps one item of `snapshotSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe(snapshot: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags::read(snapshot);
    let word = snapshot.required(&["status"])?;
    let volume = snapshot.text_at(&["volumeId"]).filter(|id| *id != NO_VOLUME);
    let size = snapshot.read_at(&["volumeSize"])?;
    let fields = VolumeSnapshot {
        description: snapshot.owned_at(&["description"]),
        size_gib: size.ok_or_else(|| wrong_document("a snapshot without size"))?,
        volume: volume.map(|id| origin.reference::<Volume>(id)),
        encrypted: snapshot.read_at(&["encrypted"])?,
        progress_percent: progress_percent(snapshot)?,
    };
    let id = snapshot.required(&["snapshotId"])?;
    let mut observed = Observed::new(id, tags::name(&tags), &fields, snapshot.to_json())?
        .with_state(state::VOLUME_SNAPSHOT.of(word), word);
    origin.set_owner(&mut observed, snapshot.text_at(&["ownerId"]));
    observed.created_at = snapshot.time_at(&["startTime"])?;
    observed.tags = tags;
    Ok(observed)
}

/// Reads the progress, such as `42%`.
fn progress_percent(snapshot: &Element) -> Result<Option<u32>> {
    let number = |text: &str| text.trim().trim_end_matches('%').parse();
    snapshot
        .text_at(&["progress"])
        .map(|text| number(text).map_err(|_| wrong_document("a progress that is not a number")))
        .transpose()
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;
    use gateway_core::document::observation::Visibility;

    use super::*;
    use crate::fixtures::with_origin;

    const SNAPSHOT: &str = "<item><tagSet><item><key>Name</key><value>before</value></item></tagSet>\
        <storageTier>standard</storageTier><snapshotId>snap-1</snapshotId><volumeId>vol-1</volumeId><status>pending</status>\
        <startTime>2026-11-24T10:19:19.000Z</startTime><progress>42%</progress><ownerId>111</ownerId>\
        <description>nightly</description><volumeSize>3</volumeSize><encrypted>false</encrypted></item>";

    #[test]
    fn snapshot_is_mapped() {
        let observed = with_origin(SNAPSHOT, observe).unwrap();
        assert_eq!((observed.native_key.as_str(), observed.name.as_str()), ("snap-1", "before"));
        assert_eq!((observed.state, observed.cloud_state.as_deref()), (Some("pending"), Some("pending")));
        assert_eq!(observed.created_at.unwrap().to_string(), "2026-11-24T10:19:19.000000Z");
        let fields: VolumeSnapshot = serde_json::from_value(observed.fields.into()).unwrap();
        let expected = VolumeSnapshot {
            description: Some("nightly".to_owned()),
            size_gib: 3,
            volume: Some(with_origin("<a/>", |_, origin| origin.reference::<Volume>("vol-1"))),
            encrypted: Some(false),
            progress_percent: Some(42),
        };
        assert_eq!(fields, expected);
    }

    #[test]
    fn snapshot_is_in_one_call_of_the_listing_only() {
        let foreign = SNAPSHOT.replace(">111<", ">222<");
        assert_eq!(with_origin(SNAPSHOT, observe_own).unwrap()[0].visibility, Visibility::Private);
        assert!(with_origin(SNAPSHOT, observe_shared).unwrap().is_empty());
        assert!(with_origin(&foreign, observe_own).unwrap().is_empty());
        let observed = with_origin(&foreign, observe_shared).unwrap();
        assert_eq!((observed[0].visibility, observed[0].owner.as_deref()), (Visibility::Shared, Some("222")));
        assert!(with_origin(&SNAPSHOT.replace(">111<", "><"), observe_own).is_err(), "an owner is required");
    }

    #[test]
    fn copy_of_snapshot_has_no_volume() {
        let observed = with_origin(&SNAPSHOT.replace("vol-1", NO_VOLUME), observe).unwrap();
        assert!(observed.fields["volume"].is_null());
    }

    #[test]
    fn wrong_fields_of_snapshot_are_errors() {
        for (part, wrong) in
            [(">42%<", ">half<"), (">3<", ">three<"), ("volumeSize", "size"), (">pending<", "><")]
        {
            let error = with_origin(&SNAPSHOT.replace(part, wrong), observe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{wrong}");
        }
    }
}
