//! What is done to images and keys.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Body, Faults, Order, create, delete, plain, update, with};
use crate::verb::{Named, Repeat, Verb, VerbSpec, When};

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

    fn faults(&self) -> Faults {
        let fine =
            !self.disk_format.is_empty() && self.disk_format.bytes().all(|b| b.is_ascii_alphanumeric());
        Faults::default().name(&self.name).tags(&self.tags).unless(
            fine,
            "/disk_format",
            "must be a word such as qcow2",
        )
    }

    fn order(self) -> Order {
        Order::CreateImage(self)
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

    fn faults(&self) -> Faults {
        let account = &self.external_account;
        let fine = (1..=255).contains(&account.len())
            && account.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        Faults::default().unless(fine, "/external_account", "must be the cloud's own id of an account")
    }

    fn order(self) -> Order {
        Order::ShareImage(self)
    }
}

/// Makes a key, or imports one.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSshKey {
    /// Its name.
    pub name: String,
    /// The key to import. Without one the cloud makes a pair, and the answer has the private half: once, for the
    /// gateway does not keep it.
    #[serde(default)]
    pub public_key: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Body for CreateSshKey {
    const NAMES: &'static [Named] = &[];

    fn faults(&self) -> Faults {
        let fine = self.public_key.as_ref().is_none_or(|key| {
            (key.starts_with("ssh-") || key.starts_with("ecdsa-") || key.starts_with("sk-"))
                && key.split(' ').count() >= 2
                && key.len() <= 16 << 10
        });
        Faults::default().name(&self.name).tags(&self.tags).unless(
            fine,
            "/public_key",
            "must be a public key in one line, such as `ssh-ed25519 AAAA...`",
        )
    }

    fn order(self) -> Order {
        Order::CreateSshKey(self)
    }
}

const ENDING: &[&str] = &["deleting", "deleted"];

pub(crate) static IMAGE: [VerbSpec; 6] = [
    create::<CreateImage>(),
    update(When::Except(ENDING)),
    VerbSpec { unless: Some("protected"), ..delete(When::Except(ENDING)) },
    with::<ShareImage>(Verb::Share, When::In(&["available"]), Repeat::Harmless),
    with::<ShareImage>(Verb::Unshare, When::In(&["available"]), Repeat::Harmless),
    // Its content comes from the client and goes by the front to the cloud: the order says nothing of it.
    plain(Verb::Upload, When::In(&["queued"]), Repeat::Told),
];

pub(crate) static SSH_KEY: [VerbSpec; 2] = [create::<CreateSshKey>(), delete(When::Always)];
