use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::spec::{Canonical, KindSpec, check_fields};
use super::state::states;
use super::update::update;
use super::verb::{Repeat, Verb, VerbSpec, When, create, delete, plain, with};

/// A template that an instance boots from: the fields that only an image has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Image {
    /// The owner's free text.
    pub description: Option<String>,
    /// Size as stored.
    pub size_bytes: Option<u64>,
    /// The smallest root disk that it boots on.
    pub min_disk_gib: Option<u64>,
    /// The least memory that it boots with.
    pub min_memory_mib: Option<u64>,
    /// The disk format, such as `qcow2`, `raw`, `ebs`.
    pub disk_format: Option<String>,
    /// The container format, such as `bare`.
    pub container_format: Option<String>,
    /// Processor architecture, such as `x86_64`.
    pub architecture: Option<String>,
    /// Operating system, as the cloud names it.
    pub os: Option<String>,
    /// Whether it is protected against deletion.
    pub protected: Option<bool>,
    /// Digest of the content with its algorithm in front, such as `md5:...`.
    pub checksum: Option<String>,
}

impl Canonical for Image {
    const KIND: Kind = Kind::Image;
}

states! {
    /// The life of an image.
    ImageState of Kind::Image;
    /// Registered and empty; an upload brings the content.
    Queued = "queued" -> ["pending", "available", "error", "deleting", "deleted"],
    /// Being filled or copied.
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
    /// A state that the driver does not know.
    Unknown = "unknown" -> ["available", "error", "deleted"],
}

/// Registers an image. An upload fills it afterwards.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateImage {
    /// The name.
    pub name: String,
    /// The disk format, such as `qcow2` or `raw`.
    pub disk_format: String,
    /// The container format, such as `bare`.
    #[serde(default)]
    pub container_format: Option<String>,
    /// The smallest root disk that it boots on.
    #[serde(default)]
    pub min_disk_gib: Option<u64>,
    /// The least memory that it boots with.
    #[serde(default)]
    pub min_memory_mib: Option<u64>,
    /// Processor architecture, such as `x86_64`.
    #[serde(default)]
    pub architecture: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Further options, in the cloud's own terms.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateImage {
    const NAMES: &'static [Named] = &[];

    fn errors(&self) -> FieldErrors {
        let fine =
            !self.disk_format.is_empty() && self.disk_format.bytes().all(|b| b.is_ascii_alphanumeric());
        FieldErrors::default().name(&self.name).tags(&self.tags).unless(
            fine,
            "/disk_format",
            "must be a word such as `qcow2`",
        )
    }
}

/// Shares an image with an account, or stops sharing it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareImage {
    /// The account, by the cloud's own id.
    pub external_account: String,
}

impl Body for ShareImage {
    const NAMES: &'static [Named] = &[];

    fn errors(&self) -> FieldErrors {
        let account = &self.external_account;
        let fine = (1..=255).contains(&account.len())
            && account.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        FieldErrors::default().unless(fine, "/external_account", "must be the cloud's own id of an account")
    }
}

const ENDING: &[&str] = &["deleting", "deleted"];

static VERBS: [VerbSpec; 6] = [
    create::<CreateImage>(),
    update(When::Except(ENDING)),
    delete(When::Except(ENDING)).unless("protected"),
    with::<ShareImage>(Verb::Share, When::In(&["available"]), Repeat::Harmless),
    with::<ShareImage>(Verb::Unshare, When::In(&["available"]), Repeat::Harmless),
    // The front streams the content to the cloud; the command has no body.
    plain(Verb::Upload, When::In(&["queued"]), Repeat::ByState),
];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::Image,
    plural: "images",
    summary: "Templates that instances boot from",
    states: ImageState::TABLE,
    relations: &[],
    filters: &["os", "architecture", "disk_format"],
    columns: &[
        Column::new("OS", "os"),
        Column::new("ARCHITECTURE", "architecture"),
        Column::new("MIN_DISK_GIB", "min_disk_gib"),
        Column::new("VISIBILITY", "visibility"),
    ],
    verbs: &VERBS,
    schema: || vec![("Image".to_owned(), Image::schema())],
    check: check_fields::<Image>,
};
