use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::spec::{Canonical, KindSpec, check_fields};
use super::verb::{VerbSpec, When, create, delete};

/// A public key that is put into instances at boot: the fields that only a key has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SshKey {
    /// Digest of the key, in the cloud's form.
    pub fingerprint: Option<String>,
    /// The key itself, where the cloud tells.
    pub public_key: Option<String>,
    /// Such as `ssh`, `x509`, `rsa`, `ed25519`, as the cloud names it.
    pub key_type: Option<String>,
    /// The user it belongs to, by the cloud's own id, where keys are a user's and not an account's.
    pub user: Option<String>,
}

impl Canonical for SshKey {
    const KIND: Kind = Kind::SshKey;
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

    fn errors(&self) -> FieldErrors {
        let fine = self.public_key.as_ref().is_none_or(|key| {
            (key.starts_with("ssh-") || key.starts_with("ecdsa-") || key.starts_with("sk-"))
                && key.split(' ').count() >= 2
                && key.len() <= 16 << 10
        });
        FieldErrors::default().name(&self.name).tags(&self.tags).unless(
            fine,
            "/public_key",
            "must be a public key in one line, such as `ssh-ed25519 AAAA...`",
        )
    }
}

static VERBS: [VerbSpec; 2] =
    [create::<CreateSshKey>().secret().key_pair_unless("public_key"), delete(When::Always)];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::SshKey,
    plural: "ssh_keys",
    summary: "Public keys that are put into instances",
    states: &[],
    relations: &[],
    filters: &["fingerprint"],
    columns: &[
        Column::new("TYPE", "key_type"),
        Column::new("FINGERPRINT", "fingerprint"),
        Column::new("USER", "user"),
    ],
    verbs: &VERBS,
    schema: || vec![("SshKey".to_owned(), SshKey::schema())],
    check: check_fields::<SshKey>,
};
