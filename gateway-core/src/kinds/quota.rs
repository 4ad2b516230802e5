use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use crate::kind::{Canonical, Kind, KindSpec, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("quota");

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
    const KIND: Kind = KIND;
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "quotas",
    summary: "How much an account may have, and has",
    states: &[],
    relations: &[],
    filters: &["service", "measure"],
    verbs: &order::QUOTA,
    schema: || vec![("Quota".to_owned(), Quota::schema())],
    check: check_fields::<Quota>,
};
