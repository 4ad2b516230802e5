//! What the cloud keeps of each resource: small, because there may be a hundred thousand.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use gateway_core::Timestamp;

use super::lifecycle::Status;

/// The kinds that the cloud has, in its own words for collections and id prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Instance,
    InstanceType,
    Image,
    Volume,
}

impl Sort {
    pub(super) const ALL: [Self; 4] = [Self::Instance, Self::InstanceType, Self::Image, Self::Volume];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::InstanceType => "instance_type",
            Self::Image => "image",
            Self::Volume => "volume",
        }
    }

    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Instance => "instances",
            Self::InstanceType => "instance_types",
            Self::Image => "images",
            Self::Volume => "volumes",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Instance => "i-",
            Self::InstanceType => "t-",
            Self::Image => "m-",
            Self::Volume => "v-",
        }
    }

    pub(super) fn parse_plural(plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.plural() == plural)
    }

    pub(super) fn id(self, number: u64) -> String {
        format!("{}{number:016x}", self.prefix())
    }

    pub(super) fn number(self, id: &str) -> Option<u64> {
        let digits = id.strip_prefix(self.prefix())?;
        let number = u64::from_str_radix(digits, 16).ok()?;
        (self.id(number) == id).then_some(number)
    }
}

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

/// What only one kind has.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Instance(Instance),
    InstanceType(InstanceType),
    Image(Image),
    Volume(Volume),
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
}
