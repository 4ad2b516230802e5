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

/// A set of rules for the traffic of what it applies to: the fields that only a security group has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecurityGroup {
    /// Free text of its owner.
    pub description: Option<String>,
    /// The network that it is for, where it belongs to one.
    pub network: Option<Reference>,
    /// Answers are let through without a rule of their own.
    pub stateful: Option<bool>,
    /// What instances get when nobody names a group.
    pub default: Option<bool>,
}

impl Canonical for SecurityGroup {
    const KIND: Kind = Kind::SecurityGroup;
}

/// Makes a security group.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSecurityGroup {
    /// Its name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The network that it is for, where groups belong to one.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub network: Option<ResourceId>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What the cloud takes besides, in its own words.
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
