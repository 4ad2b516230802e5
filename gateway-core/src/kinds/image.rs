use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::states;
use crate::kind::{Canonical, Kind, KindSpec, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("image");

/// What an instance boots from: the fields that only an image has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Image {
    /// Free text of its owner.
    pub description: Option<String>,
    /// Size as stored.
    pub size_bytes: Option<u64>,
    /// Smallest root disk it boots on.
    pub min_disk_gib: Option<u64>,
    /// Least memory it boots with.
    pub min_memory_mib: Option<u64>,
    /// Such as `qcow2`, `raw`, `ebs`.
    pub disk_format: Option<String>,
    /// Such as `bare`.
    pub container_format: Option<String>,
    /// Processor architecture, such as `x86_64`.
    pub architecture: Option<String>,
    /// Operating system, as the cloud names it.
    pub os: Option<String>,
    /// Cannot be deleted until that is lifted.
    pub protected: Option<bool>,
    /// Digest of the content with its algorithm in front, such as `md5:...`.
    pub checksum: Option<String>,
}

impl Canonical for Image {
    const KIND: Kind = KIND;
}

states! {
    /// The life of an image.
    ImageState of KIND;
    /// Registered and empty: it waits for its content, however long that takes.
    Queued = "queued" -> ["pending", "available", "error", "deleting", "deleted"],
    /// Filling, or being copied.
    Pending = "pending" (moving) -> ["queued", "available", "error", "deleted"],
    /// Ready to boot from.
    Available = "available" -> ["deactivated", "deleting", "deleted", "error"],
    /// Kept but not served.
    Deactivated = "deactivated" -> ["available", "deleting", "deleted"],
    /// Broken.
    Error = "error" -> ["deleting", "deleted"],
    /// Being deleted.
    Deleting = "deleting" (moving) -> ["deleted"],
    /// Deleted, and still shown by the cloud for a while.
    Deleted = "deleted" -> [],
    /// The cloud said a word that the driver does not know.
    Unknown = "unknown" -> ["available", "error", "deleted"],
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "images",
    summary: "What instances boot from",
    states: ImageState::TABLE,
    relations: &[],
    filters: &["os", "architecture", "disk_format"],
    verbs: &order::IMAGE,
    schema: || vec![("Image".to_owned(), Image::schema())],
    check: check_fields::<Image>,
};
