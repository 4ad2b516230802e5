//! Stored records. They are small, because there may be a hundred thousand.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use gateway_core::Timestamp;

use super::measure::Measure;
use super::range::Range;
use super::volume_class::Class;
use crate::cloud::tables::rule::Rule;
use crate::cloud::tables::service::Service;
use crate::cloud::tables::status::Status;

/// A stored resource.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    /// Time of the last change of status; `changed` also counts other changes, such as attaching a disk.
    pub(crate) since: Timestamp,
    pub(crate) labels: BTreeMap<String, String>,
    /// Description by the owner; an empty one needs no memory of its own.
    pub(crate) description: Box<str>,
    pub(crate) body: Body,
}

impl Record {
    /// Creates a record without metadata.
    pub(crate) fn new(name: String, status: Status, now: Timestamp, body: Body) -> Self {
        let (labels, description) = (BTreeMap::new(), Box::default());
        Self { name, status, created: now, changed: now, since: now, labels, description, body }
    }
}

/// Data of one kind. Derived records have none; see [`super::derived`].
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Instance(Instance),
    InstanceType(InstanceType),
    Image(Box<Image>),
    Volume(Volume),
    VolumeType(&'static Class),
    VolumeSnapshot(VolumeSnapshot),
    Network(Network),
    Subnet(Subnet),
    /// Interface of a router in a subnet.
    RouterNic {
        router: u64,
        subnet: u64,
    },
    /// Stored interface; most interfaces of instances are derived.
    Nic(Box<Nic>),
    Router {
        /// Address in the external network, if it has a gateway.
        public_ip: Option<Ipv4Addr>,
        default: bool,
    },
    /// Stored public address; most addresses of instances are derived.
    Address {
        ip: Ipv4Addr,
        target: Option<AddressTarget>,
    },
    /// Binding of the address with the same number.
    Binding,
    SecurityGroup {
        default: bool,
        /// Whether the group is seeded: instances without overrides may be in it.
        seeded: bool,
    },
    /// Rule of a security group.
    SecurityGroupRule {
        group: u64,
        rule: Rule,
    },
    SshKey {
        key_type: Cow<'static, str>,
        public_key: String,
        fingerprint: String,
    },
    Datacenter(Service),
    Quota {
        measure: &'static Measure,
        limit: Option<u64>,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) instance_type: u64,
    /// Image; `None` if the instance boots from a volume without one.
    pub(crate) image: Option<u64>,
    /// Address of the derived interface, if there is one.
    pub(crate) private_ip: Option<Ipv4Addr>,
    /// Derived public address.
    pub(crate) public_ip: Option<Ipv4Addr>,
    pub(crate) disks: Vec<u64>,
    pub(crate) booted: Option<Timestamp>,
    /// Overrides of the values that are derived from the number; most instances have none.
    pub(crate) overrides: Option<Box<Overrides>>,
}

/// Values of an instance that its owner has set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) key: Option<String>,
    pub(crate) firewalls: Vec<u64>,
    pub(crate) zone: String,
    /// Whether all commands but `unlock` are refused.
    pub(crate) locked: bool,
    /// Stored interfaces in the order of their slots.
    pub(crate) nics: Vec<u64>,
    /// Stored public addresses that are bound to it.
    pub(crate) bound_addresses: Vec<u64>,
    /// Volume that is deleted with the instance.
    pub(crate) owned_disk: Option<u64>,
    /// Bytes of user data.
    pub(crate) user_data: usize,
    /// Type and status before a resize that is neither confirmed nor reverted.
    pub(crate) before: Option<ResizeOrigin>,
}

/// Type and status of an instance before its resize.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResizeOrigin {
    pub(crate) instance_type: u64,
    pub(crate) status: Status,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceType {
    pub(crate) cores: u32,
    pub(crate) memory_mb: u64,
    pub(crate) disk_gb: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) bytes: u64,
    pub(crate) system: Cow<'static, str>,
    pub(crate) format: Cow<'static, str>,
    pub(crate) architecture: Cow<'static, str>,
    pub(crate) needs_disk_gb: u64,
    pub(crate) needs_memory_mb: u64,
    pub(crate) locked: bool,
    /// Numbers of the accounts with which the image is shared.
    pub(crate) shared_with: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Volume {
    pub(crate) gigabytes: u64,
    pub(crate) attached_to: Option<u64>,
    /// Snapshot from which the volume was filled, while it exists.
    pub(crate) copy_of: Option<u64>,
    /// Overrides of the values that are derived from the number; most volumes have none.
    pub(crate) overrides: Option<Box<VolumeOverrides>>,
}

/// Values of a volume that its owner has set.
#[derive(Clone, Debug)]
pub(crate) struct VolumeOverrides {
    pub(crate) class: &'static Class,
    pub(crate) zone: String,
    /// Image from which the volume was filled.
    pub(crate) image: Option<u64>,
    /// Device in the instance, if the owner has named one.
    pub(crate) device: Option<String>,
}

impl Volume {
    /// Returns the class of the volume with that number.
    pub(crate) fn class(&self, number: u64) -> &'static Class {
        self.overrides.as_ref().map_or_else(|| Class::of_volume(number), |overrides| overrides.class)
    }
}

impl Image {
    /// Creates an image of the default format.
    pub(crate) fn new(bytes: u64, system: impl Into<Cow<'static, str>>) -> Self {
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
pub(crate) struct VolumeSnapshot {
    /// Volume of the snapshot, while it exists.
    pub(crate) source: Option<u64>,
    pub(crate) gigabytes: u64,
    pub(crate) encrypted: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    pub(crate) external: bool,
    pub(crate) default: bool,
    pub(crate) segment: u16,
}

#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) network: u64,
    pub(crate) range: Range,
    pub(crate) default: bool,
    /// Whether its addresses are planned: derived interfaces have them.
    pub(crate) planned: bool,
    pub(crate) gateway: Ipv4Addr,
    /// Whether instances get their addresses by DHCP.
    pub(crate) dhcp: bool,
    /// DNS resolvers; the gateway if there are none.
    pub(crate) resolvers: Option<Box<[Ipv4Addr]>>,
    /// Number of allocated addresses, if they are not planned.
    pub(crate) allocated: u64,
}

impl Subnet {
    pub(crate) fn new(network: u64, range: Range) -> Self {
        let gateway = range.gateway();
        let (resolvers, allocated) = (None, 0);
        Self { network, range, default: false, planned: false, gateway, dhcp: true, resolvers, allocated }
    }
}

/// A stored interface.
#[derive(Clone, Debug)]
pub(crate) struct Nic {
    pub(crate) network: u64,
    /// Addresses, each with its subnet.
    pub(crate) addresses: Vec<(u64, Ipv4Addr)>,
    /// Instance that holds the interface.
    pub(crate) holder: Option<u64>,
    pub(crate) firewalls: Vec<u64>,
    /// Whether the interface is deleted with its holder.
    pub(crate) delete_with_holder: bool,
}

/// Interface and private address to which a public address is bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddressTarget {
    pub(crate) nic: u64,
    pub(crate) private_ip: Ipv4Addr,
}
