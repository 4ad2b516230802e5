use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::reference::Reference;
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::state::states;
use super::update::update;
use super::verb::{VerbSpec, When, create, delete};
use crate::id::ResourceId;

/// A volume's content at one moment: the fields that only a snapshot has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VolumeSnapshot {
    /// The owner's free text.
    pub description: Option<String>,
    /// The size of the volume at that moment.
    pub size_gib: u64,
    /// The volume, which may have been deleted since.
    pub volume: Option<Reference>,
    /// Whether the cloud encrypts it at rest.
    pub encrypted: Option<bool>,
    /// The progress of its creation.
    pub progress_percent: Option<u32>,
}

impl Canonical for VolumeSnapshot {
    const KIND: Kind = Kind::VolumeSnapshot;
}

states! {
    /// The life of a snapshot.
    VolumeSnapshotState of Kind::VolumeSnapshot;
    /// Being created.
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
    /// A state that the driver does not know.
    Unknown = "unknown" -> ["available", "error", "deleting"],
}

/// Creates a snapshot of a volume.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateVolumeSnapshot {
    /// The name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The volume.
    #[schema(value_type = uuid::Uuid)]
    pub volume: ResourceId,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Further options, in the cloud's own terms.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateVolumeSnapshot {
    const NAMES: &'static [Named] = &[Named::new(&["volume"], Kind::Volume)];

    fn errors(&self) -> FieldErrors {
        FieldErrors::default().name(&self.name).description(self.description.as_ref()).tags(&self.tags)
    }
}

const ENDING: When = When::Except(&["deleting", "deleted"]);

static VERBS: [VerbSpec; 3] =
    [create::<CreateVolumeSnapshot>(), update(ENDING), delete(When::In(&["available", "error"]))];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::VolumeSnapshot,
    plural: "volume_snapshots",
    summary: "Contents of volumes at one moment",
    states: VolumeSnapshotState::TABLE,
    relations: &[Relation::one("volume", &["volume"], Kind::Volume, "volume_snapshots")],
    filters: &[],
    columns: &[
        Column::new("SIZE_GIB", "size_gib"),
        Column::new("VOLUME", "volume"),
        Column::new("PROGRESS_PERCENT", "progress_percent"),
    ],
    verbs: &VERBS,
    schema: || vec![("VolumeSnapshot".to_owned(), VolumeSnapshot::schema())],
    check: check_fields::<VolumeSnapshot>,
};
