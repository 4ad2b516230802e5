use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::reference::Reference;
use super::relation::Relation;
use super::spec::{Canonical, KindSpec, check_fields};
use super::verb::{VerbSpec, When, create, delete};
use crate::id::ResourceId;

/// A permission of a security group: the fields that only a rule has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecurityGroupRule {
    /// The owner's free text.
    pub description: Option<String>,
    /// The group.
    pub security_group: Reference,
    /// The direction of the traffic, seen from the group's members.
    pub direction: Direction,
    /// The version of IP: 4 or 6.
    pub ip_version: Option<u8>,
    /// The protocol, such as `tcp`; none for any.
    pub protocol: Option<String>,
    /// The first port of `tcp` or `udp`; none for all.
    pub first_port: Option<u16>,
    /// The last port.
    pub last_port: Option<u16>,
    /// The type of `icmp` messages; none for all.
    pub icmp_type: Option<u8>,
    /// The code of `icmp` messages; none for all.
    pub icmp_code: Option<u8>,
    /// The addresses of the peer; any without this and without a group or list.
    pub remote_cidr: Option<String>,
    /// The security group of the peer.
    pub remote_security_group: Option<Reference>,
    /// The cloud's list of the peer's addresses.
    pub remote_address_list: Option<String>,
}

/// The direction of traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Traffic to the group's members.
    #[default]
    Ingress,
    /// Traffic from the group's members.
    Egress,
}

impl Canonical for SecurityGroupRule {
    const KIND: Kind = Kind::SecurityGroupRule;
}

/// Creates a rule in a security group.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSecurityGroupRule {
    /// The group.
    #[schema(value_type = uuid::Uuid)]
    pub security_group: ResourceId,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The direction of the traffic, seen from the group's members.
    pub direction: Direction,
    /// The version of IP, 4 or 6; 4 when not given.
    #[serde(default)]
    #[schema(minimum = 4, maximum = 6)]
    pub ip_version: Option<u8>,
    /// The protocol, such as `tcp`; any when not given.
    #[serde(default)]
    pub protocol: Option<String>,
    /// The first port of `tcp` or `udp`; all when not given.
    #[serde(default)]
    pub first_port: Option<u16>,
    /// The last port; the first when not given.
    #[serde(default)]
    pub last_port: Option<u16>,
    /// The type of `icmp` messages; all when not given.
    #[serde(default)]
    pub icmp_type: Option<u8>,
    /// The code of `icmp` messages; all when not given.
    #[serde(default)]
    pub icmp_code: Option<u8>,
    /// The addresses of the peer; any when neither this nor a group is given.
    #[serde(default)]
    pub remote_cidr: Option<String>,
    /// The security group of the peer.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub remote_security_group: Option<ResourceId>,
}

impl Body for CreateSecurityGroupRule {
    const NAMES: &'static [Named] = &[
        Named::new(&["security_group"], Kind::SecurityGroup),
        Named::new(&["remote_security_group"], Kind::SecurityGroup),
    ];

    fn errors(&self) -> FieldErrors {
        let has_ports = matches!(self.protocol.as_deref(), Some("tcp" | "udp" | "sctp" | "dccp"));
        let is_icmp = self.protocol.as_deref().is_some_and(|protocol| protocol.contains("icmp"));
        let last = self.last_port.or(self.first_port);
        let errors = FieldErrors::default()
            .description(self.description.as_ref())
            .unless(matches!(self.ip_version, None | Some(4 | 6)), "/ip_version", "must be 4 or 6")
            .unless(has_ports || last.is_none(), "/first_port", "applies to `tcp` and `udp` only")
            .unless(
                self.first_port.is_some() || self.last_port.is_none(),
                "/first_port",
                "is required with `last_port`",
            )
            .unless(self.first_port <= last, "/last_port", "must be at least `first_port`")
            .unless(is_icmp || self.icmp_type.is_none(), "/icmp_type", "applies to `icmp` only")
            .unless(
                self.icmp_type.is_some() || self.icmp_code.is_none(),
                "/icmp_code",
                "requires `icmp_type`",
            )
            .unless(
                self.remote_cidr.is_none() || self.remote_security_group.is_none(),
                "/remote_cidr",
                "excludes `remote_security_group`",
            );
        self.remote_cidr.iter().fold(errors, |errors, cidr| errors.cidr("/remote_cidr", cidr))
    }
}

static VERBS: [VerbSpec; 2] = [create::<CreateSecurityGroupRule>(), delete(When::Always)];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::SecurityGroupRule,
    plural: "security_group_rules",
    summary: "Permissions of security groups",
    states: &[],
    relations: &[
        Relation::one("security_group", &["security_group"], Kind::SecurityGroup, "security_group_rules"),
        Relation::one(
            "remote_security_group",
            &["remote_security_group"],
            Kind::SecurityGroup,
            "remote_security_group_rules",
        ),
    ],
    filters: &["direction", "protocol"],
    columns: &[
        Column::new("GROUP", "security_group"),
        Column::new("DIRECTION", "direction"),
        Column::new("PROTOCOL", "protocol"),
        Column::new("FIRST_PORT", "first_port"),
        Column::new("REMOTE_CIDR", "remote_cidr"),
    ],
    verbs: &VERBS,
    schema: || {
        vec![
            ("SecurityGroupRule".to_owned(), SecurityGroupRule::schema()),
            ("Direction".to_owned(), Direction::schema()),
        ]
    },
    check: check_fields::<SecurityGroupRule>,
};
