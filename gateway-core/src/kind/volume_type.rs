use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::column::Column;
use super::name::Kind;
use super::spec::{Canonical, KindSpec, check_fields};

/// A type of volume that a cloud offers: the fields that only a volume type has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VolumeType {
    /// The cloud's free text.
    pub description: Option<String>,
    /// Whether volumes get it when no type is named.
    pub default: Option<bool>,
    /// Whether the cloud encrypts its volumes at rest.
    pub encrypted: Option<bool>,
    /// Whether its volumes may be attached to several instances at once.
    pub multiattach: Option<bool>,
    /// The properties, in the cloud's own words.
    pub properties: BTreeMap<String, String>,
}

impl Canonical for VolumeType {
    const KIND: Kind = Kind::VolumeType;
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::VolumeType,
    plural: "volume_types",
    summary: "Types of volumes on offer",
    states: &[],
    relations: &[],
    filters: &["multiattach"],
    columns: &[
        Column::new("DEFAULT", "default"),
        Column::new("ENCRYPTED", "encrypted"),
        Column::new("MULTIATTACH", "multiattach"),
    ],
    verbs: &[],
    schema: || vec![("VolumeType".to_owned(), VolumeType::schema())],
    check: check_fields::<VolumeType>,
};
