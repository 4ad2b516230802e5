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
    const KIND: Kind = Kind::Image;
}

states! {
    /// The life of an image.
    ImageState of Kind::Image;
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

/// Registers an image, which is then filled by an upload.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateImage {
    /// Its name.
    pub name: String,
    /// Such as `qcow2` or `raw`.
    pub disk_format: String,
    /// Such as `bare`.
    #[serde(default)]
    pub container_format: Option<String>,
    /// Smallest root disk it boots on.
    #[serde(default)]
    pub min_disk_gib: Option<u64>,
    /// Least memory it boots with.
    #[serde(default)]
    pub min_memory_mib: Option<u64>,
    /// Processor architecture, such as `x86_64`.
    #[serde(default)]
    pub architecture: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What the cloud takes besides, in its own words.
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
            "must be a word such as qcow2",
        )
    }
}

/// The account that an image is shared with.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareImage {
    /// By the cloud's own id.
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
    // Its content comes from the client and goes by the front to the cloud: the order says nothing of it.
    plain(Verb::Upload, When::In(&["queued"]), Repeat::ByState),
];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::Image,
    plural: "images",
    summary: "What instances boot from",
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
