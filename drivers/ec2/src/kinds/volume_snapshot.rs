//! Snapshots of volumes.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Volume, VolumeSnapshot, VolumeSnapshotState};

use super::{Origin, name_tag, set_owner, state_of, tags, time_at};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::{Element, odd};

const ACTION: &str = "DescribeSnapshots";
const SET: &str = "snapshotSet";
const PAGE_SIZE: u32 = 1000;

/// By id EC2 would also show what is public, by filter only what the listing means.
const SINGLE: Single = Single::Filter("snapshot-id");

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: VolumeSnapshot::KIND,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    parts: &[
        Part::new(ACTION, SET, SINGLE, Map::Many(own))
            .paged(PAGE_SIZE)
            .called("self")
            .narrowed(|form, _| Some(form.with_list("Owner", ["self"]))),
        // Those that others share with this account by number; with neither parameter EC2 shows all public ones too.
        Part::new(ACTION, SET, SINGLE, Map::Many(shared))
            .paged(PAGE_SIZE)
            .called("shared")
            .narrowed(|form, _| Some(form.with_list("RestorableBy", ["self"]))),
    ],
};

/// EC2's words for the state of a snapshot; the last two are of the recycle bin.
pub(crate) const STATES: [(&str, VolumeSnapshotState); 5] = [
    ("pending", VolumeSnapshotState::Pending),
    ("completed", VolumeSnapshotState::Available),
    ("error", VolumeSnapshotState::Error),
    ("recoverable", VolumeSnapshotState::Deleted),
    ("recovering", VolumeSnapshotState::Updating),
];

/// The volume that EC2 names for a copy of a snapshot, which was made of none.
const NO_VOLUME: &str = "vol-ffffffff";

fn own(snapshot: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    is_own(snapshot, origin)?.then(|| observe(snapshot, origin)).into_iter().collect()
}

/// Own ones came with the part before.
fn shared(snapshot: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    (!is_own(snapshot, origin)?).then(|| observe(snapshot, origin)).into_iter().collect()
}

fn is_own(snapshot: &Element, origin: Origin<'_>) -> Result<bool> {
    Ok(snapshot.required(&["ownerId"])? == origin.account)
}

/// Reads one item of `snapshotSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every snapshot has, or is of the wrong type.
fn observe(snapshot: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags(snapshot);
    let word = snapshot.required(&["status"])?;
    let volume = snapshot.text_at(&["volumeId"]).filter(|id| *id != NO_VOLUME);
    let fields = VolumeSnapshot {
        description: snapshot.owned_at(&["description"]),
        size_gib: snapshot.read_at(&["volumeSize"])?.ok_or_else(|| odd("a snapshot without size"))?,
        volume: volume.map(|id| origin.reference::<Volume>(id)),
        encrypted: snapshot.read_at(&["encrypted"])?,
        progress_percent: progress_percent(snapshot)?,
    };
    let mut observed =
        Observed::new(snapshot.required(&["snapshotId"])?, name_tag(&tags), &fields, snapshot.to_json())?
            .with_state(state_of(&STATES, word, VolumeSnapshotState::Unknown), word);
    set_owner(&mut observed, snapshot.text_at(&["ownerId"]), origin);
    observed.created_at = time_at(snapshot, &["startTime"])?;
    observed.tags = tags;
    Ok(observed)
}

/// `42%`.
fn progress_percent(snapshot: &Element) -> Result<Option<u32>> {
    snapshot
        .text_at(&["progress"])
        .map(|text| text.trim().trim_end_matches('%').parse().map_err(|_| odd("a progress without number")))
        .transpose()
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;
    use gateway_core::document::observation::Visibility;

    use super::super::testing::with_origin;
    use super::*;

    const SNAPSHOT: &str = "<item><tagSet><item><key>Name</key><value>before</value></item></tagSet>\
        <storageTier>standard</storageTier><snapshotId>snap-1</snapshotId><volumeId>vol-1</volumeId><status>pending</status>\
        <startTime>2026-11-24T10:19:19.000Z</startTime><progress>42%</progress><ownerId>111</ownerId>\
        <description>nightly</description><volumeSize>3</volumeSize><encrypted>false</encrypted></item>";

    #[test]
    fn fields_come_from_the_document() {
        let seen = with_origin(SNAPSHOT, observe).unwrap();
        assert_eq!((seen.native_key.as_str(), seen.name.as_str()), ("snap-1", "before"));
        assert_eq!((seen.state, seen.cloud_state.as_deref()), (Some("pending"), Some("pending")));
        assert_eq!(seen.created_at.unwrap().to_string(), "2026-11-24T10:19:19.000000Z");
        let fields: VolumeSnapshot = serde_json::from_value(seen.fields.into()).unwrap();
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
    fn a_snapshot_comes_with_one_part_alone() {
        let foreign = SNAPSHOT.replace(">111<", ">222<");
        assert_eq!(with_origin(SNAPSHOT, own).unwrap()[0].visibility, Visibility::Private);
        assert!(with_origin(SNAPSHOT, shared).unwrap().is_empty());
        assert!(with_origin(&foreign, own).unwrap().is_empty());
        let seen = with_origin(&foreign, shared).unwrap();
        assert_eq!((seen[0].visibility, seen[0].owner.as_deref()), (Visibility::Shared, Some("222")));
        assert!(with_origin(&SNAPSHOT.replace(">111<", "><"), own).is_err(), "nobody's is not shared");
    }

    #[test]
    fn a_copy_is_of_no_volume() {
        let seen = with_origin(&SNAPSHOT.replace("vol-1", NO_VOLUME), observe).unwrap();
        assert!(seen.fields["volume"].is_null());
    }

    #[test]
    fn what_is_odd_is_an_error() {
        for (part, odd) in
            [(">42%<", ">half<"), (">3<", ">three<"), ("volumeSize", "size"), (">pending<", "><")]
        {
            let error = with_origin(&SNAPSHOT.replace(part, odd), observe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{odd}");
        }
    }
}
