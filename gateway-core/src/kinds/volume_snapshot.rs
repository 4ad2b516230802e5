use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::{Reference, states};
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("volume_snapshot");

/// A volume's content at one moment: the fields that only a snapshot has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VolumeSnapshot {
    /// Free text of its owner.
    pub description: Option<String>,
    /// Size of the volume at that moment.
    pub size_gib: u64,
    /// The volume, which may be gone by now.
    pub volume: Option<Reference>,
    /// Encrypted at rest by the cloud.
    pub encrypted: Option<bool>,
    /// How far the making of it is.
    pub progress_percent: Option<u32>,
}

impl Canonical for VolumeSnapshot {
    const KIND: Kind = KIND;
}

states! {
    /// The life of a snapshot.
    VolumeSnapshotState of KIND;
    /// Being made.
    Pending = "pending" (moving) -> ["available", "error", "deleting"],
    /// Complete.
    Available = "available" -> ["updating", "deleting", "error"],
    /// Being backed up, restored or managed.
    Updating = "updating" (moving) -> ["available", "error", "deleting"],
    /// Being deleted.
    Deleting = "deleting" (moving) -> ["deleted", "error"],
    /// Deleted, and still shown by the cloud for a while.
    Deleted = "deleted" -> [],
    /// Broken.
    Error = "error" -> ["available", "deleting"],
    /// The cloud said a word that the driver does not know.
    Unknown = "unknown" -> ["available", "error", "deleting"],
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "volume_snapshots",
    summary: "Contents of volumes, kept from one moment",
    states: VolumeSnapshotState::TABLE,
    relations: &[Relation::one("volume", &["volume"], "volume", "volume_snapshots")],
    filters: &[],
    verbs: &order::VOLUME_SNAPSHOT,
    schema: || vec![("VolumeSnapshot".to_owned(), VolumeSnapshot::schema())],
    check: check_fields::<VolumeSnapshot>,
};
