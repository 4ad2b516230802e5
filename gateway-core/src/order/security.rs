//! What is done to security groups and their rules.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Body, Faults, Order, create, delete, update};
use crate::id::ResourceId;
use crate::kinds::Direction;
use crate::verb::{Named, VerbSpec, When};

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
    const NAMES: &'static [Named] = &[Named::new(&["network"], "network")];

    fn faults(&self) -> Faults {
        Faults::default().name(&self.name).description(self.description.as_ref()).tags(&self.tags)
    }

    fn order(self) -> Order {
        Order::CreateSecurityGroup(self)
    }
}

/// Makes a rule in a security group.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSecurityGroupRule {
    /// The group.
    #[schema(value_type = uuid::Uuid)]
    pub security_group: ResourceId,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// Seen from what the group applies to.
    pub direction: Direction,
    /// 4 or 6; 4 when not given.
    #[serde(default)]
    #[schema(minimum = 4, maximum = 6)]
    pub ip_version: Option<u8>,
    /// Such as `tcp`; any when not given.
    #[serde(default)]
    pub protocol: Option<String>,
    /// First port, of `tcp` and `udp`; all when not given.
    #[serde(default)]
    pub first_port: Option<u16>,
    /// Last port; the first when not given.
    #[serde(default)]
    pub last_port: Option<u16>,
    /// Of `icmp`; all when not given.
    #[serde(default)]
    pub icmp_type: Option<u8>,
    /// Of `icmp`; all when not given.
    #[serde(default)]
    pub icmp_code: Option<u8>,
    /// The addresses at the other end; any when neither this nor a group is given.
    #[serde(default)]
    pub remote_cidr: Option<String>,
    /// The group of what is at the other end.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub remote_security_group: Option<ResourceId>,
}

impl Body for CreateSecurityGroupRule {
    const NAMES: &'static [Named] = &[
        Named::new(&["security_group"], "security_group"),
        Named::new(&["remote_security_group"], "security_group"),
    ];

    fn faults(&self) -> Faults {
        let has_ports = matches!(self.protocol.as_deref(), Some("tcp" | "udp" | "sctp" | "dccp"));
        let is_icmp = self.protocol.as_deref().is_some_and(|protocol| protocol.contains("icmp"));
        let last = self.last_port.or(self.first_port);
        let faults = Faults::default()
            .description(self.description.as_ref())
            .unless(matches!(self.ip_version, None | Some(4 | 6)), "/ip_version", "must be 4 or 6")
            .unless(has_ports || last.is_none(), "/first_port", "is for tcp and udp alone")
            .unless(
                self.first_port.is_some() || self.last_port.is_none(),
                "/first_port",
                "must be given with `last_port`",
            )
            .unless(self.first_port <= last, "/last_port", "must not be less than `first_port`")
            .unless(is_icmp || self.icmp_type.is_none(), "/icmp_type", "is for icmp alone")
            .unless(
                self.icmp_type.is_some() || self.icmp_code.is_none(),
                "/icmp_code",
                "must come with `icmp_type`",
            )
            .unless(
                self.remote_cidr.is_none() || self.remote_security_group.is_none(),
                "/remote_cidr",
                "must not come with `remote_security_group`",
            );
        self.remote_cidr.iter().fold(faults, |faults, cidr| faults.cidr("/remote_cidr", cidr))
    }

    fn order(self) -> Order {
        Order::CreateSecurityGroupRule(self)
    }
}

pub(crate) static SECURITY_GROUP: [VerbSpec; 3] =
    [create::<CreateSecurityGroup>(), update(When::Always), delete(When::Always)];

pub(crate) static SECURITY_GROUP_RULE: [VerbSpec; 2] =
    [create::<CreateSecurityGroupRule>(), delete(When::Always)];
