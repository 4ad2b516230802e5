use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::{Reference, states};
use crate::clock::Timestamp;
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("volume_attachment");

/// A volume in an instance: the fields that only an attachment has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VolumeAttachment {
    /// The volume.
    pub volume: Reference,
    /// The instance.
    pub instance: Reference,
    /// The device's name inside the instance, as the cloud tells.
    pub device: Option<String>,
    /// Attached for reading alone.
    pub read_only: Option<bool>,
    /// The volume is deleted with the instance.
    pub delete_on_termination: Option<bool>,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub attached_at: Option<Timestamp>,
}

impl Canonical for VolumeAttachment {
    const KIND: Kind = KIND;
}

states! {
    /// The life of an attachment.
    VolumeAttachmentState of KIND;
    /// Promised or being made.
    Attaching = "attaching" (moving) -> ["attached", "detaching", "detached", "error"],
    /// In use.
    Attached = "attached" -> ["detaching", "detached", "error"],
    /// Being undone.
    Detaching = "detaching" (moving) -> ["attached", "detached", "error"],
    /// Undone, and still shown by the cloud for a while.
    Detached = "detached" -> [],
    /// Broken.
    Error = "error" -> ["attached", "detaching", "detached"],
    /// The cloud said a word that the driver does not know.
    Unknown = "unknown" -> ["attached", "detached", "error"],
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "volume_attachments",
    summary: "Volumes in instances",
    states: VolumeAttachmentState::TABLE,
    relations: &[
        Relation::one("volume", &["volume"], "volume", "volume_attachments"),
        Relation::one("instance", &["instance"], "instance", "volume_attachments"),
    ],
    filters: &[],
    verbs: &order::VOLUME_ATTACHMENT,
    schema: || vec![("VolumeAttachment".to_owned(), VolumeAttachment::schema())],
    check: check_fields::<VolumeAttachment>,
};
