use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use crate::kind::{Canonical, Kind, KindSpec, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("ssh_key");

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
    const KIND: Kind = KIND;
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "ssh_keys",
    summary: "Public keys that are put into instances",
    states: &[],
    relations: &[],
    filters: &["fingerprint"],
    verbs: &order::SSH_KEY,
    schema: || vec![("SshKey".to_owned(), SshKey::schema())],
    check: check_fields::<SshKey>,
};
