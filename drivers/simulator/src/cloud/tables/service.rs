//! The services that have datacenters.

/// A service that has datacenters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Service {
    Machines,
    Disks,
    Nets,
}

impl Service {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Disks => "disks",
            Self::Nets => "nets",
        }
    }
}
