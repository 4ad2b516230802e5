//! Rules of security groups, and the seeded groups.

use serde::{Deserialize, Serialize};

/// A seeded rule.
#[derive(Debug)]
pub(crate) struct RuleSpec {
    pub(crate) description: &'static str,
    pub(crate) inbound: bool,
    pub(crate) family: &'static str,
    pub(crate) proto: &'static str,
    /// First and last port.
    pub(crate) ports: Option<[u16; 2]>,
    /// Type and code of ICMP.
    pub(crate) icmp: Option<[u8; 2]>,
    pub(crate) peer: Peer,
}

/// A seeded rule, or a rule of a client.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    Seeded(&'static RuleSpec),
    Created(Box<CreatedRule>),
}

/// A rule of a client, in the form of its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CreatedRule {
    pub(crate) firewall: String,
    pub(crate) direction: String,
    pub(crate) family: String,
    pub(crate) proto: String,
    pub(crate) ports: Option<Ports>,
    pub(crate) icmp: Option<Icmp>,
    pub(crate) peer_range: Option<String>,
    pub(crate) peer_firewall: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ports {
    pub(crate) from: u16,
    pub(crate) to: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Icmp {
    #[serde(rename = "type")]
    pub(crate) kind: u8,
    pub(crate) code: Option<u8>,
}

/// Peer of a rule.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer {
    Any,
    Range(&'static str),
    /// Members of the group of the rule.
    SameGroup,
}

/// A seeded security group.
#[derive(Debug)]
pub(crate) struct GroupSpec {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) default: bool,
    pub(crate) rules: &'static [RuleSpec],
}

const ANY_OUTBOUND: RuleSpec = RuleSpec {
    description: "",
    inbound: false,
    family: "inet",
    proto: "any",
    ports: None,
    icmp: None,
    peer: Peer::Any,
};

const INBOUND: RuleSpec = RuleSpec { inbound: true, ..ANY_OUTBOUND };

pub(crate) static GROUPS: [GroupSpec; 2] = [
    GroupSpec {
        name: "default",
        description: "group of machines without another group",
        default: true,
        rules: &[
            ANY_OUTBOUND,
            RuleSpec { family: "inet6", ..ANY_OUTBOUND },
            RuleSpec { peer: Peer::SameGroup, ..INBOUND },
            RuleSpec { description: "ping", proto: "icmp", icmp: Some([8, 0]), ..INBOUND },
            RuleSpec {
                description: "operators",
                proto: "tcp",
                ports: Some([22, 22]),
                peer: Peer::Range("100.64.0.0/10"),
                ..INBOUND
            },
        ],
    },
    GroupSpec {
        name: "web",
        description: "public web servers",
        default: false,
        rules: &[
            RuleSpec { proto: "tcp", ports: Some([80, 80]), ..INBOUND },
            RuleSpec { proto: "tcp", ports: Some([443, 443]), ..INBOUND },
            RuleSpec { description: "HTTP/3", proto: "udp", ports: Some([443, 443]), ..INBOUND },
        ],
    },
];
