//! The security groups that every account has in every region, and the rules in them.

use serde::{Deserialize, Serialize};

/// A rule as the cloud writes it.
#[derive(Debug)]
pub(super) struct RuleForm {
    pub(super) about: &'static str,
    pub(super) inward: bool,
    pub(super) family: &'static str,
    pub(super) proto: &'static str,
    /// First and last.
    pub(super) ports: Option<[u16; 2]>,
    /// Type and code.
    pub(super) icmp: Option<[u8; 2]>,
    pub(super) peer: Peer,
}

/// A rule that was there from the start, or one that somebody made.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    Form(&'static RuleForm),
    Made(Box<MadeRule>),
}

/// A rule that somebody made, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct MadeRule {
    pub(super) firewall: String,
    pub(super) way: String,
    pub(super) family: String,
    pub(super) proto: String,
    pub(super) ports: Option<Ports>,
    pub(super) icmp: Option<Icmp>,
    pub(super) peer_range: Option<String>,
    pub(super) peer_firewall: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ports {
    pub(super) from: u16,
    pub(super) to: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Icmp {
    #[serde(rename = "type")]
    pub(super) kind: u8,
    pub(super) code: Option<u8>,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer {
    Anybody,
    Range(&'static str),
    /// Whatever is in the rule's own group.
    SameGroup,
}

/// A security group.
#[derive(Debug)]
pub(super) struct GroupForm {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) usual: bool,
    pub(super) rules: &'static [RuleForm],
}

const ANYTHING: RuleForm = RuleForm {
    about: "",
    inward: false,
    family: "inet",
    proto: "any",
    ports: None,
    icmp: None,
    peer: Peer::Anybody,
};

const INWARD: RuleForm = RuleForm { inward: true, ..ANYTHING };

pub(super) static GROUPS: [GroupForm; 2] = [
    GroupForm {
        name: "default",
        about: "what machines get when nobody names a group",
        usual: true,
        rules: &[
            ANYTHING,
            RuleForm { family: "inet6", ..ANYTHING },
            RuleForm { peer: Peer::SameGroup, ..INWARD },
            RuleForm { about: "ping", proto: "icmp", icmp: Some([8, 0]), ..INWARD },
            RuleForm {
                about: "operators",
                proto: "tcp",
                ports: Some([22, 22]),
                peer: Peer::Range("100.64.0.0/10"),
                ..INWARD
            },
        ],
    },
    GroupForm {
        name: "web",
        about: "what everybody may ask",
        usual: false,
        rules: &[
            RuleForm { proto: "tcp", ports: Some([80, 80]), ..INWARD },
            RuleForm { proto: "tcp", ports: Some([443, 443]), ..INWARD },
            RuleForm { about: "HTTP/3", proto: "udp", ports: Some([443, 443]), ..INWARD },
        ],
    },
];
