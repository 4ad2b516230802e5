use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::documents::Documents;
use super::name::Kind;
use super::named::Named;
use super::reference::Reference;
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::state::states;
use super::update::update;
use super::verb::{Repeat, Verb, VerbSpec, When, create, delete, with};
use crate::id::ResourceId;

/// A disk that exists independently of instances: the fields that only a volume has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Volume {
    /// The owner's free text.
    pub description: Option<String>,
    /// The size.
    pub size_gib: u64,
    /// The name of its type.
    pub volume_type: Option<String>,
    /// The availability zone.
    pub datacenter: Option<String>,
    /// Whether an instance can boot from it.
    pub bootable: Option<bool>,
    /// Whether the cloud encrypts it at rest.
    pub encrypted: Option<bool>,
    /// Whether it may be attached to several instances at once.
    pub multiattach: Option<bool>,
    /// Provisioned operations a second.
    pub iops: Option<u64>,
    /// Provisioned throughput.
    pub throughput_mib_per_second: Option<u64>,
    /// The snapshot that it was created from.
    pub snapshot: Option<Reference>,
    /// The image that it was created from.
    pub image: Option<Reference>,
    /// The attachments.
    pub attachments: Vec<AttachmentPoint>,
}

/// An attachment of a volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentPoint {
    /// The instance.
    pub instance: Reference,
    /// The device's name inside it, as the cloud shows it.
    pub device: Option<String>,
}

impl Canonical for Volume {
    const KIND: Kind = Kind::Volume;
}

states! {
    /// The life of a volume.
    VolumeState of Kind::Volume;
    /// Being created.
    Pending = "pending" (moving) -> ["available", "in_use", "error", "deleting"],
    /// Ready and not attached.
    Available = "available" -> ["attaching", "in_use", "reserved", "updating", "deleting", "error"],
    /// Reserved for an instance.
    Reserved = "reserved" (moving) -> ["attaching", "in_use", "available", "error"],
    /// Being attached.
    Attaching = "attaching" (moving) -> ["in_use", "available", "error"],
    /// Attached.
    InUse = "in_use" -> ["detaching", "available", "updating", "error"],
    /// Being detached.
    Detaching = "detaching" (moving) -> ["available", "in_use", "error"],
    /// Being extended, retyped, backed up, restored, uploaded or maintained.
    Updating = "updating" (moving) -> ["available", "in_use", "error"],
    /// Being deleted.
    Deleting = "deleting" (moving) -> ["deleted", "error"],
    /// Deleted, and still shown by the cloud for a while.
    Deleted = "deleted" -> [],
    /// Broken.
    Error = "error" -> ["available", "in_use", "deleting"],
    /// A state that the driver does not know.
    Unknown = "unknown" -> ["available", "in_use", "error", "deleting"],
}

/// Creates a volume: empty or from one source.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateVolume {
    /// The name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The size; the size of its source when not given.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub size_gib: Option<u64>,
    /// The type.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub volume_type: Option<ResourceId>,
    /// The snapshot to copy.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub snapshot: Option<ResourceId>,
    /// The image to copy.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub image: Option<ResourceId>,
    /// The volume to copy.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub volume: Option<ResourceId>,
    /// The name of the availability zone.
    #[serde(default)]
    pub datacenter: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Further options, in the cloud's own terms.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateVolume {
    const NAMES: &'static [Named] = &[
        Named::new(&["volume_type"], Kind::VolumeType),
        Named::new(&["snapshot"], Kind::VolumeSnapshot),
        Named::new(&["image"], Kind::Image),
        Named::new(&["volume"], Kind::Volume),
    ];

    fn errors(&self) -> FieldErrors {
        let sources = [self.snapshot, self.image, self.volume].iter().flatten().count();
        FieldErrors::default()
            .name(&self.name)
            .description(self.description.as_ref())
            .tags(&self.tags)
            .unless(sources <= 1, "", "must name at most one of `snapshot`, `image` and `volume`")
            .unless(self.size_gib.is_none_or(|size| size > 0), "/size_gib", "must be at least 1")
            .unless(
                self.size_gib.is_some() || self.snapshot.is_some() || self.volume.is_some(),
                "/size_gib",
                "is required for a volume that is empty or copied from an image",
            )
    }

    fn errors_against(&self, documents: &Documents<'_>) -> FieldErrors {
        let least = documents
            .number(self.snapshot, "size_gib")
            .or_else(|| documents.number(self.volume, "size_gib"))
            .or_else(|| documents.number(self.image, "min_disk_gib"))
            .unwrap_or_default();
        let fine = self.size_gib.is_none_or(|size| size >= least);
        FieldErrors::default().unless(
            fine,
            "/size_gib",
            format!("must be at least {least}, the size of its source"),
        )
    }
}

/// Extends a volume.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Extend {
    /// The new size; it must be larger than the present one.
    #[schema(minimum = 1)]
    pub size_gib: u64,
}

impl Body for Extend {
    const NAMES: &'static [Named] = &[];

    fn errors(&self) -> FieldErrors {
        FieldErrors::default().unless(self.size_gib > 0, "/size_gib", "must be at least 1")
    }

    fn errors_against(&self, documents: &Documents<'_>) -> FieldErrors {
        let now = documents.target_number("size_gib").unwrap_or_default();
        FieldErrors::default().unless(
            self.size_gib > now,
            "/size_gib",
            format!("must be more than {now}, the present size"),
        )
    }
}

const ENDING: When = When::Except(&["deleting", "deleted"]);

static VERBS: [VerbSpec; 4] = [
    create::<CreateVolume>(),
    update(ENDING),
    with::<Extend>(Verb::Extend, When::In(&["available", "in_use"]), Repeat::Harmless),
    delete(When::In(&["available", "error"])),
];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::Volume,
    plural: "volumes",
    summary: "Disks that exist independently of instances",
    states: VolumeState::TABLE,
    relations: &[
        Relation::one("snapshot", &["snapshot"], Kind::VolumeSnapshot, "volumes"),
        Relation::one("image", &["image"], Kind::Image, "volumes"),
        Relation::many("instance", &["attachments", "instance"], Kind::Instance, "volumes"),
    ],
    filters: &["volume_type", "datacenter", "bootable"],
    columns: &[
        Column::new("SIZE_GIB", "size_gib"),
        Column::new("TYPE", "volume_type"),
        Column::new("INSTANCE", "attachments.instance"),
        Column::new("DATACENTER", "datacenter"),
    ],
    verbs: &VERBS,
    schema: || {
        vec![
            ("Volume".to_owned(), Volume::schema()),
            ("AttachmentPoint".to_owned(), AttachmentPoint::schema()),
        ]
    },
    check: check_fields::<Volume>,
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn new_volume_is_at_least_as_large_as_its_source() {
        let source = ResourceId::generate();
        let documents = json!({ "size_gib": 8, "min_disk_gib": 4 });
        let named = |id| (id == source).then(|| documents.as_object()).flatten();
        let errors = |body: Value| {
            let command: CreateVolume = serde_json::from_value(body).unwrap();
            command.errors_against(&Documents::new(None, &named)).0
        };
        assert!(errors(json!({ "name": "data", "snapshot": source, "size_gib": 8 })).is_empty());
        assert!(errors(json!({ "name": "data", "volume": source })).is_empty());
        assert!(errors(json!({ "name": "data", "image": source, "size_gib": 4 })).is_empty());
        assert_eq!(
            errors(json!({ "name": "data", "volume": source, "size_gib": 7 }))[0].pointer,
            "/size_gib"
        );
        assert_eq!(errors(json!({ "name": "data", "image": source, "size_gib": 3 }))[0].pointer, "/size_gib");
    }

    #[test]
    fn extend_to_the_present_size_is_refused() {
        let target = json!({ "size_gib": 5 });
        let none = |_| None;
        let documents = Documents::new(target.as_object(), &none);
        assert_eq!(Extend { size_gib: 5 }.errors_against(&documents).0[0].pointer, "/size_gib");
        assert!(Extend { size_gib: 6 }.errors_against(&documents).0.is_empty());
    }
}
