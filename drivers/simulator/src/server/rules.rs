//! The security groups that every account has in every region, and the rules in them.

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
