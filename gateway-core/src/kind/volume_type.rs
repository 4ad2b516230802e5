use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::column::Column;
use super::name::Kind;
use super::spec::{Canonical, KindSpec, check_fields};

/// A sort of volume that a cloud offers: the fields that only a volume type has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VolumeType {
    /// Free text of the cloud.
    pub description: Option<String>,
    /// What volumes are made of when nobody names a type.
    pub default: Option<bool>,
    /// Its volumes are encrypted at rest by the cloud.
    pub encrypted: Option<bool>,
    /// Its volumes may be attached to several instances at once.
    pub multiattach: Option<bool>,
    /// What the cloud says of its properties, in the cloud's own words.
    pub properties: BTreeMap<String, String>,
}

impl Canonical for VolumeType {
    const KIND: Kind = Kind::VolumeType;
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::VolumeType,
    plural: "volume_types",
    summary: "Sorts of volumes that are offered",
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
