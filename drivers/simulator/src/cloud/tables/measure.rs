//! The measures of quotas.

use gateway_core::Kind;

/// A measure that is counted and may have a limit.
#[derive(Debug)]
pub(crate) struct Measure {
    pub(crate) service: &'static str,
    pub(crate) word: &'static str,
    pub(crate) of: Counted,
    pub(crate) limited: bool,
}

/// Quantity that a measure counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counted {
    Records(Kind),
    Cores,
    MemoryMb,
    DiskGb,
}

const fn measure(service: &'static str, word: &'static str, of: Counted) -> Measure {
    Measure { service, word, of, limited: true }
}

const fn unlimited(service: &'static str, word: &'static str, of: Counted) -> Measure {
    Measure { service, word, of, limited: false }
}

/// All measures, in the order of the numbers of their quotas.
pub(crate) static MEASURES: [Measure; 15] = [
    measure("machines", "machines", Counted::Records(Kind::Instance)),
    measure("machines", "cores", Counted::Cores),
    measure("machines", "memory_mb", Counted::MemoryMb),
    measure("machines", "keys", Counted::Records(Kind::SshKey)),
    measure("disks", "disks", Counted::Records(Kind::Volume)),
    measure("disks", "disk_gb", Counted::DiskGb),
    measure("disks", "disk_copies", Counted::Records(Kind::VolumeSnapshot)),
    measure("nets", "nets", Counted::Records(Kind::Network)),
    measure("nets", "ranges", Counted::Records(Kind::Subnet)),
    unlimited("nets", "nics", Counted::Records(Kind::NetworkInterface)),
    measure("nets", "routers", Counted::Records(Kind::Router)),
    measure("nets", "public_ips", Counted::Records(Kind::IpAddress)),
    measure("nets", "firewalls", Counted::Records(Kind::SecurityGroup)),
    measure("nets", "firewall_rules", Counted::Records(Kind::SecurityGroupRule)),
    unlimited("pictures", "pictures", Counted::Records(Kind::Image)),
];
