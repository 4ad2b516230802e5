use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::name::Kind;
use super::named::Named;
use super::spec::{Canonical, KindSpec, check_fields};
use super::verb::{Repeat, Verb, VerbSpec, When, with};

/// How much of something an account may have: the fields that only a quota has. Its name is the cloud's own word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Quota {
    /// The service that counts: `compute`, `volume`, `network`, `image`.
    pub service: String,
    /// What is counted, with its unit, in the gateway's words where it has one: `instances`, `vcpus`, `memory_mib`,
    /// `volumes`, `volume_gib`, `volume_snapshots`, `networks`, `ip_addresses` and so on; else the cloud's own.
    pub measure: String,
    /// The most; none where there is no limit.
    pub limit: Option<u64>,
    /// How much there is, where the cloud tells.
    pub used: Option<u64>,
    /// How much is promised to requests under way, where the cloud tells.
    pub reserved: Option<u64>,
}

impl Canonical for Quota {
    const KIND: Kind = Kind::Quota;
}

/// The new limit of a quota.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateQuota {
    /// The most; null for no limit.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    pub limit: Option<u64>,
}

impl Body for UpdateQuota {
    const NAMES: &'static [Named] = &[];

    fn errors(&self) -> FieldErrors {
        let fine = self.limit.is_none_or(|limit| limit <= i32::MAX as u64);
        FieldErrors::default().unless(fine, "/limit", "must be 2147483647 at most, or null for no limit")
    }
}

static VERBS: [VerbSpec; 1] = [with::<UpdateQuota>(Verb::Update, When::Always, Repeat::Harmless)];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::Quota,
    plural: "quotas",
    summary: "How much an account may have, and has",
    states: &[],
    relations: &[],
    filters: &["service", "measure"],
    verbs: &VERBS,
    schema: || vec![("Quota".to_owned(), Quota::schema())],
    check: check_fields::<Quota>,
};
