use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::reference::Reference;
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::state::states;
use super::verb::{VerbSpec, When, create, delete};
use crate::clock::Timestamp;
use crate::id::ResourceId;

/// The attachment of a volume to an instance: the fields that only an attachment has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VolumeAttachment {
    /// The volume.
    pub volume: Reference,
    /// The instance.
    pub instance: Reference,
    /// The device's name inside the instance, as the cloud shows it.
    pub device: Option<String>,
    /// Whether it is attached read-only.
    pub read_only: Option<bool>,
    /// Whether the volume is deleted with the instance.
    pub delete_on_termination: Option<bool>,
    /// The time of the attachment.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub attached_at: Option<Timestamp>,
}

impl Canonical for VolumeAttachment {
    const KIND: Kind = Kind::VolumeAttachment;
}

states! {
    /// The life of an attachment.
    VolumeAttachmentState of Kind::VolumeAttachment;
    /// Reserved or being attached.
    Attaching = "attaching" (moving) -> ["attached", "detaching", "detached", "error"],
    /// In use.
    Attached = "attached" -> ["detaching", "detached", "error"],
    /// Being detached.
    Detaching = "detaching" (moving) -> ["attached", "detached", "error"],
    /// Detached, and still shown by the cloud for a while.
    Detached = "detached" -> [],
    /// Broken.
    Error = "error" -> ["attached", "detaching", "detached"],
    /// A state that the driver does not know.
    Unknown = "unknown" -> ["attached", "detached", "error"],
}

/// Attaches a volume to an instance.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateVolumeAttachment {
    /// The volume.
    #[schema(value_type = uuid::Uuid)]
    pub volume: ResourceId,
    /// The instance.
    #[schema(value_type = uuid::Uuid)]
    pub instance: ResourceId,
    /// The device's name, such as `/dev/vdb`; the cloud chooses when not given.
    #[serde(default)]
    pub device: Option<String>,
}

impl Body for CreateVolumeAttachment {
    const NAMES: &'static [Named] =
        &[Named::new(&["volume"], Kind::Volume), Named::new(&["instance"], Kind::Instance)];

    fn errors(&self) -> FieldErrors {
        let fine = self.device.as_ref().is_none_or(|device| device.starts_with("/dev/") && device.len() < 64);
        FieldErrors::default().unless(fine, "/device", "must be a path such as `/dev/vdb`")
    }
}

static VERBS: [VerbSpec; 2] =
    [create::<CreateVolumeAttachment>(), delete(When::Except(&["detaching", "detached"]))];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::VolumeAttachment,
    plural: "volume_attachments",
    summary: "Attachments of volumes to instances",
    states: VolumeAttachmentState::TABLE,
    relations: &[
        Relation::one("volume", &["volume"], Kind::Volume, "volume_attachments"),
        Relation::one("instance", &["instance"], Kind::Instance, "volume_attachments"),
    ],
    filters: &[],
    columns: &[
        Column::new("VOLUME", "volume"),
        Column::new("INSTANCE", "instance"),
        Column::new("DEVICE", "device"),
    ],
    verbs: &VERBS,
    schema: || vec![("VolumeAttachment".to_owned(), VolumeAttachment::schema())],
    check: check_fields::<VolumeAttachment>,
};
