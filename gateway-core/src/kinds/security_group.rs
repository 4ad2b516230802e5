use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::Reference;
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("security_group");

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
    const KIND: Kind = KIND;
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "security_groups",
    summary: "Sets of rules for traffic",
    states: &[],
    relations: &[Relation::one("network", &["network"], "network", "security_groups")],
    filters: &[],
    verbs: &order::SECURITY_GROUP,
    schema: || vec![("SecurityGroup".to_owned(), SecurityGroup::schema())],
    check: check_fields::<SecurityGroup>,
};
