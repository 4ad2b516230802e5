//! What the cloud keeps of each resource: small, because there may be a hundred thousand.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use gateway_core::Timestamp;

use super::lifecycle::Status;
use super::published::{Class, Service};
use super::quota::Measure;
use super::rules::RuleForm;

/// One resource.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
    /// When it came into its status, which `changed` does not tell: attaching a disk changes it too.
    pub(super) since: Timestamp,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) body: Body,
}

impl Record {
    /// One that is made now.
    pub(super) fn new(name: String, status: Status, now: Timestamp, body: Body) -> Self {
        Self { name, status, created: now, changed: now, since: now, labels: BTreeMap::new(), body }
    }
}

/// What only one kind has. What follows another resource has nothing of its own; see [`super::follow`].
#[derive(Clone, Debug)]
pub(super) enum Body {
    Instance(Instance),
    InstanceType(InstanceType),
    Image(Image),
    Volume(Volume),
    VolumeType(&'static Class),
    VolumeSnapshot(VolumeSnapshot),
    Network(Network),
    Subnet(Subnet),
    /// A router's interface in the subnet of that number; those of instances follow them.
    RouterPlug {
        subnet: u64,
    },
    /// A router's address in the outside network.
    Router {
        outside: Ipv4Addr,
    },
    /// An outside address that leads nowhere; those that lead to instances follow them.
    SpareAddress(Ipv4Addr),
    SecurityGroup {
        about: &'static str,
        usual: bool,
    },
    /// A rule of the group of that number.
    SecurityGroupRule {
        group: u64,
        form: &'static RuleForm,
    },
    SshKey {
        text: String,
        digest: String,
    },
    Datacenter(Service),
    Quota {
        measure: &'static Measure,
        most: Option<u64>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) instance_type: u64,
    pub(super) image: u64,
    pub(super) inside: Ipv4Addr,
    pub(super) outside: Option<Ipv4Addr>,
    pub(super) disks: Vec<u64>,
    pub(super) booted: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct InstanceType {
    pub(super) cores: u32,
    pub(super) memory_mb: u64,
    pub(super) disk_gb: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Image {
    pub(super) bytes: u64,
    pub(super) system: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Volume {
    pub(super) gigabytes: u64,
    pub(super) attached_to: Option<u64>,
    /// The snapshot that it was filled from, while that is there.
    pub(super) copy_of: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct VolumeSnapshot {
    /// The volume, while that is there.
    pub(super) of: Option<u64>,
    pub(super) gigabytes: u64,
    pub(super) sealed: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    pub(super) leads_out: bool,
    pub(super) usual: bool,
    pub(super) segment: u16,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Subnet {
    pub(super) network: u64,
    pub(super) range: super::addresses::Range,
    pub(super) usual: bool,
}
