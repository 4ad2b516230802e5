use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::Reference;
use crate::kind::{Canonical, Kind, KindSpec, Relation, check_fields};
use crate::order;

pub(super) const KIND: Kind = Kind::new("security_group_rule");

/// One permission of a security group: the fields that only a rule has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecurityGroupRule {
    /// Free text of its owner.
    pub description: Option<String>,
    /// The group.
    pub security_group: Reference,
    /// Seen from what the group applies to.
    pub direction: Direction,
    /// 4 or 6.
    pub ip_version: Option<u8>,
    /// Such as `tcp`; any when there is none.
    pub protocol: Option<String>,
    /// First port, of `tcp` and `udp`; all when there is none.
    pub first_port: Option<u16>,
    /// Last port.
    pub last_port: Option<u16>,
    /// Of `icmp`; all when there is none.
    pub icmp_type: Option<u8>,
    /// Of `icmp`; all when there is none.
    pub icmp_code: Option<u8>,
    /// The addresses at the other end; any when there is neither this nor a group or list.
    pub remote_cidr: Option<String>,
    /// The group of what is at the other end.
    pub remote_security_group: Option<Reference>,
    /// The cloud's list of addresses at the other end.
    pub remote_address_list: Option<String>,
}

/// Which way traffic goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To what the group applies to.
    #[default]
    Ingress,
    /// From it.
    Egress,
}

impl Canonical for SecurityGroupRule {
    const KIND: Kind = KIND;
}

pub(super) static SPEC: KindSpec = KindSpec {
    kind: KIND,
    plural: "security_group_rules",
    summary: "Permissions of security groups",
    states: &[],
    relations: &[
        Relation::one("security_group", &["security_group"], "security_group", "security_group_rules"),
        Relation::one(
            "remote_security_group",
            &["remote_security_group"],
            "security_group",
            "remote_security_group_rules",
        ),
    ],
    filters: &["direction", "protocol"],
    verbs: &order::SECURITY_GROUP_RULE,
    schema: || {
        vec![
            ("SecurityGroupRule".to_owned(), SecurityGroupRule::schema()),
            ("Direction".to_owned(), Direction::schema()),
        ]
    },
    check: check_fields::<SecurityGroupRule>,
};
