use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::column::Column;
use super::name::Kind;
use super::spec::{Canonical, KindSpec, check_fields};
use super::state::states;

/// A part of a region that fails independently, as one service knows it: the fields that only a datacenter has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Datacenter {
    /// The service that has it: `compute`, `volume`, `network`; none where all services share it.
    pub service: Option<String>,
    /// The type, in the cloud's own word, such as `availability-zone` or `local-zone`.
    pub zone_type: Option<String>,
    /// The cloud's id of the location, where names differ between accounts.
    pub zone_id: Option<String>,
    /// The cloud's messages about it.
    pub messages: Vec<String>,
}

impl Canonical for Datacenter {
    const KIND: Kind = Kind::Datacenter;
}

states! {
    /// The condition of a datacenter.
    DatacenterState of Kind::Datacenter;
    /// Accepts new resources.
    Available = "available" -> ["impaired", "unavailable"],
    /// Works in part.
    Impaired = "impaired" -> ["available", "unavailable"],
    /// Accepts no new resources.
    Unavailable = "unavailable" -> ["available", "impaired"],
    /// A state that the driver does not know.
    Unknown = "unknown" -> ["available", "impaired", "unavailable"],
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::Datacenter,
    plural: "datacenters",
    summary: "Parts of regions that fail independently",
    states: DatacenterState::TABLE,
    relations: &[],
    filters: &["service"],
    columns: &[Column::new("SERVICE", "service"), Column::new("TYPE", "zone_type")],
    verbs: &[],
    schema: || vec![("Datacenter".to_owned(), Datacenter::schema())],
    check: check_fields::<Datacenter>,
};
