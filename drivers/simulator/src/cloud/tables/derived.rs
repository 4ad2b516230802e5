//! Derived records: attachments of their volumes; interfaces, public addresses and bindings of their instances.
//!
//! A derived record is not stored. It has the number of its source and is computed from it, so that both agree at
//! every moment and a hundred thousand interfaces cost nothing until a client lists them.

use gateway_core::Kind;

use crate::cloud::tables::record::Body;
use crate::cloud::tables::status::Status;

impl Status {
    /// Returns the status of an interface of an instance.
    pub(crate) const fn nic_status(self) -> Self {
        match self {
            Self::Booting | Self::Waking => Self::Attaching,
            Self::Active | Self::Cycling | Self::Halting => Self::Live,
            _ => Self::Dark,
        }
    }
}

/// Returns the kind whose records are the sources of derived records of `kind`.
pub(crate) const fn source_kind(kind: Kind) -> Option<Kind> {
    match kind {
        Kind::VolumeAttachment => Some(Kind::Volume),
        Kind::NetworkInterface | Kind::IpAddress | Kind::IpAddressBinding => Some(Kind::Instance),
        _ => None,
    }
}

/// Returns the kinds that are derived from records of `kind`.
pub(crate) const fn derived_kinds(kind: Kind) -> &'static [Kind] {
    match kind {
        Kind::Volume => &[Kind::VolumeAttachment],
        Kind::Instance => &[Kind::NetworkInterface, Kind::IpAddress, Kind::IpAddressBinding],
        _ => &[],
    }
}

/// Returns the status of the derived record of `kind`; `None` if the source has no such record.
pub(crate) const fn derived_status(kind: Kind, status: Status, source: &Body) -> Option<Status> {
    match (kind, status, source) {
        (Kind::VolumeAttachment, Status::Attached, _) => Some(Status::Held),
        (Kind::NetworkInterface, status, Body::Instance(instance)) if instance.private_ip.is_some() => {
            Some(status.nic_status())
        }
        (Kind::IpAddress, _, Body::Instance(instance)) if instance.public_ip.is_some() => Some(Status::Bound),
        (Kind::IpAddressBinding, _, Body::Instance(instance)) if instance.public_ip.is_some() => {
            Some(Status::Kept)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_and_derived_kinds_are_inverse() {
        for kind in Kind::ALL.iter().copied() {
            for derived in derived_kinds(kind) {
                assert_eq!(source_kind(*derived), Some(kind), "{derived:?}");
            }
            if let Some(source) = source_kind(kind) {
                assert!(derived_kinds(source).contains(&kind), "{kind:?}");
            }
        }
    }
}
