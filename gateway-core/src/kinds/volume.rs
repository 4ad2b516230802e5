use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::{Reference, states};
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("volume");

/// A disk of its own: the fields that only a volume has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Volume {
    /// Free text of its owner.
    pub description: Option<String>,
    /// Size.
    pub size_gib: u64,
    /// Name of its type.
    pub volume_type: Option<String>,
    /// The availability zone.
    pub datacenter: Option<String>,
    /// An instance can boot from it.
    pub bootable: Option<bool>,
    /// Encrypted at rest by the cloud.
    pub encrypted: Option<bool>,
    /// May be attached to several instances at once.
    pub multiattach: Option<bool>,
    /// Provisioned operations a second.
    pub iops: Option<u64>,
    /// Provisioned throughput.
    pub throughput_mib_per_second: Option<u64>,
    /// The snapshot it was made from.
    pub snapshot: Option<Reference>,
    /// The image it was made from.
    pub image: Option<Reference>,
    /// Where it is attached.
    pub attachments: Vec<AttachmentPoint>,
}

/// One place where a volume is attached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentPoint {
    /// The instance.
    pub instance: Reference,
    /// The device's name inside it, as the cloud tells.
    pub device: Option<String>,
}

impl Canonical for Volume {
    const KIND: Kind = KIND;
}

states! {
    /// The life of a volume.
    VolumeState of KIND;
    /// Being made.
    Pending = "pending" (moving) -> ["available", "in_use", "error", "deleting"],
    /// Ready and not attached.
    Available = "available" -> ["attaching", "in_use", "reserved", "updating", "deleting", "error"],
    /// Promised to an instance.
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
    /// The cloud said a word that the driver does not know.
    Unknown = "unknown" -> ["available", "in_use", "error", "deleting"],
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "volumes",
    summary: "Disks of their own",
    states: VolumeState::TABLE,
    relations: &[
        Relation::one("snapshot", &["snapshot"], "volume_snapshot", "volumes"),
        Relation::one("image", &["image"], "image", "volumes"),
        Relation::many("instance", &["attachments", "instance"], "instance", "volumes"),
    ],
    filters: &["volume_type", "datacenter", "bootable"],
    verbs: &order::VOLUME,
    schema: || {
        vec![
            ("Volume".to_owned(), Volume::schema()),
            ("AttachmentPoint".to_owned(), AttachmentPoint::schema()),
        ]
    },
    check: check_fields::<Volume>,
};
