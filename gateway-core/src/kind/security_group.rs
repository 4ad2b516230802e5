use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::reference::Reference;
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::update::update;
use super::verb::{VerbSpec, When, create, delete};
use crate::id::ResourceId;

/// A set of rules for traffic: the fields that only a security group has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecurityGroup {
    /// The owner's free text.
    pub description: Option<String>,
    /// The network that it belongs to, where groups belong to one.
    pub network: Option<Reference>,
    /// Whether answers are allowed without a rule of their own.
    pub stateful: Option<bool>,
    /// Whether instances get it when no group is named.
    pub default: Option<bool>,
}

impl Canonical for SecurityGroup {
    const KIND: Kind = Kind::SecurityGroup;
}

/// Creates a security group.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSecurityGroup {
    /// The name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The network that it belongs to, where groups belong to one.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub network: Option<ResourceId>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Further options, in the cloud's own terms.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateSecurityGroup {
    const NAMES: &'static [Named] = &[Named::new(&["network"], Kind::Network)];

    fn errors(&self) -> FieldErrors {
        FieldErrors::default().name(&self.name).description(self.description.as_ref()).tags(&self.tags)
    }
}

static VERBS: [VerbSpec; 3] = [create::<CreateSecurityGroup>(), update(When::Always), delete(When::Always)];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::SecurityGroup,
    plural: "security_groups",
    summary: "Sets of rules for traffic",
    states: &[],
    relations: &[Relation::one("network", &["network"], Kind::Network, "security_groups")],
    filters: &[],
    columns: &[
        Column::new("NETWORK", "network"),
        Column::new("DEFAULT", "default"),
        Column::new("DESCRIPTION", "description"),
    ],
    verbs: &VERBS,
    schema: || vec![("SecurityGroup".to_owned(), SecurityGroup::schema())],
    check: check_fields::<SecurityGroup>,
};
