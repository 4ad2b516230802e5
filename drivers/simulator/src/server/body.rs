//! What the cloud keeps of each resource: small, because there may be a hundred thousand.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use gateway_core::Timestamp;

use super::lifecycle::Status;
use super::published::{Class, Service};
use super::quota::Measure;
use super::rules::Rule;

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
    /// What its owner wrote about it; an empty one takes no memory of its own.
    pub(super) about: Box<str>,
    pub(super) body: Body,
}

impl Record {
    /// One that is made now.
    pub(super) fn new(name: String, status: Status, now: Timestamp, body: Body) -> Self {
        let (labels, about) = (BTreeMap::new(), Box::default());
        Self { name, status, created: now, changed: now, since: now, labels, about, body }
    }
}

/// What only one kind has. What follows another resource has nothing of its own; see [`super::follow`].
#[derive(Clone, Debug)]
pub(super) enum Body {
    Instance(Instance),
    InstanceType(InstanceType),
    Image(Box<Image>),
    Volume(Volume),
    VolumeType(&'static Class),
    VolumeSnapshot(VolumeSnapshot),
    Network(Network),
    Subnet(Subnet),
    /// A router's interface in the subnet of that number.
    RouterPlug {
        router: u64,
        subnet: u64,
    },
    /// An interface of its own; most of those of instances follow them.
    Plug(Box<Plug>),
    Router {
        /// Its address in the outside network, when it leads there.
        outside: Option<Ipv4Addr>,
        usual: bool,
    },
    /// An outside address of its own; most of those of instances follow them.
    Address {
        ip: Ipv4Addr,
        leads_to: Option<LeadsTo>,
    },
    /// That the address of the same number leads somewhere.
    Binding,
    SecurityGroup {
        usual: bool,
        /// There from the start: instances that nobody chose groups for may be in it.
        seeded: bool,
    },
    /// A rule of the group of that number.
    SecurityGroupRule {
        group: u64,
        rule: Rule,
    },
    SshKey {
        form: Cow<'static, str>,
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
    /// None where it boots from a volume that is made of none.
    pub(super) image: Option<u64>,
    /// The address of the interface that follows it, when one does.
    pub(super) inside: Option<Ipv4Addr>,
    /// The outside address that follows it.
    pub(super) outside: Option<Ipv4Addr>,
    pub(super) disks: Vec<u64>,
    pub(super) booted: Option<Timestamp>,
    /// What its owner chose; of most instances all that is drawn by the number instead.
    pub(super) chosen: Option<Box<Chosen>>,
}

/// What an owner chooses of an instance.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    pub(super) key: Option<String>,
    pub(super) firewalls: Vec<u64>,
    pub(super) zone: String,
    /// Nobody but an unlock changes it.
    pub(super) locked: bool,
    /// Interfaces of their own that it has, in the order of their slots.
    pub(super) plugs: Vec<u64>,
    /// Outside addresses of their own that lead to it.
    pub(super) bound: Vec<u64>,
    /// The volume that ends with it.
    pub(super) own_disk: Option<u64>,
    /// Bytes that its start-up program was given.
    pub(super) start_up: usize,
    /// What a resize that is neither kept nor taken back began with.
    pub(super) before: Option<Before>,
}

/// An instance before its resize.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    pub(super) instance_type: u64,
    pub(super) status: Status,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct InstanceType {
    pub(super) cores: u32,
    pub(super) memory_mb: u64,
    pub(super) disk_gb: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) bytes: u64,
    pub(super) system: Cow<'static, str>,
    pub(super) format: Cow<'static, str>,
    pub(super) architecture: Cow<'static, str>,
    pub(super) needs_disk_gb: u64,
    pub(super) needs_memory_mb: u64,
    pub(super) locked: bool,
    /// The accounts that may use it besides its owner, by number.
    pub(super) shared_with: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Volume {
    pub(super) gigabytes: u64,
    pub(super) attached_to: Option<u64>,
    /// The snapshot that it was filled from, while that is there.
    pub(super) copy_of: Option<u64>,
    /// What its owner chose; of most volumes all that is drawn by the number instead.
    pub(super) chosen: Option<Box<ChosenVolume>>,
}

/// What an owner chooses of a volume.
#[derive(Clone, Debug)]
pub(super) struct ChosenVolume {
    pub(super) class: &'static Class,
    pub(super) zone: String,
    /// The image that it was filled from.
    pub(super) image: Option<u64>,
    /// Where it appears in its instance, when its owner said so.
    pub(super) device: Option<String>,
}

impl Volume {
    /// The sort of volume that it is, under its number.
    pub(super) fn class(&self, number: u64) -> &'static Class {
        self.chosen.as_ref().map_or_else(|| Class::of_volume(number), |chosen| chosen.class)
    }
}

impl Image {
    /// One of the usual form.
    pub(super) fn new(bytes: u64, system: impl Into<Cow<'static, str>>) -> Self {
        Self {
            bytes,
            system: system.into(),
            format: "qcow2".into(),
            architecture: "x86_64".into(),
            needs_disk_gb: 5,
            needs_memory_mb: 0,
            locked: false,
            shared_with: Vec::new(),
        }
    }
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

#[derive(Clone, Debug)]
pub(super) struct Subnet {
    pub(super) network: u64,
    pub(super) range: super::addresses::Range,
    pub(super) usual: bool,
    /// Instances that nobody chose a network for have addresses in it.
    pub(super) planned: bool,
    pub(super) way_out: Ipv4Addr,
    /// Instances are told their addresses.
    pub(super) tells: bool,
    /// The way out when nobody chose any.
    pub(super) resolvers: Option<Box<[Ipv4Addr]>>,
    /// How many addresses were given out, where that is not planned.
    pub(super) given: u64,
}

impl Subnet {
    pub(super) fn new(network: u64, range: super::addresses::Range) -> Self {
        let way_out = range.way_out();
        let (resolvers, given) = (None, 0);
        Self { network, range, usual: false, planned: false, way_out, tells: true, resolvers, given }
    }
}

/// An interface of its own.
#[derive(Clone, Debug)]
pub(super) struct Plug {
    pub(super) network: u64,
    /// Each with its subnet.
    pub(super) addresses: Vec<(u64, Ipv4Addr)>,
    /// The instance that has it.
    pub(super) holder: Option<u64>,
    pub(super) firewalls: Vec<u64>,
    /// It ends with its instance.
    pub(super) goes: bool,
}

/// Where an outside address leads to.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeadsTo {
    pub(super) plug: u64,
    pub(super) inside: Ipv4Addr,
}
