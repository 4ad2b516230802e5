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
    /// The digest of the key, in the cloud's form.
    pub fingerprint: Option<String>,
    /// The key itself, if the cloud shows it.
    pub public_key: Option<String>,
    /// The type in the cloud's own word, such as `ssh`, `x509`, `rsa`, `ed25519`.
    pub key_type: Option<String>,
    /// The user that owns it, by the cloud's own id, where users and not accounts own keys.
    pub user: Option<String>,
}

impl Canonical for SshKey {
    const KIND: Kind = Kind::SshKey;
}

/// Creates or imports a key.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSshKey {
    /// The name.
    pub name: String,
    /// The key to import. Without one the cloud creates a key pair. The answer holds the private key once; the gateway
    /// does not store it.
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
