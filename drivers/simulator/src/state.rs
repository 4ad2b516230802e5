//! The status words of the cloud and the canonical states. `docs.md` has the same tables; a test compares them.

use gateway_core::Kind;
use gateway_core::kind::{
    DatacenterState, ImageState, InstanceState, IpAddressState, NetworkInterfaceState, NetworkState,
    RouterState, State, VolumeAttachmentState, VolumeSnapshotState, VolumeState,
};

pub(crate) const INSTANCE: &[(&str, InstanceState)] = &[
    ("BOOTING", InstanceState::Pending),
    ("ACTIVE", InstanceState::Running),
    ("CYCLING", InstanceState::Rebooting),
    ("HALTING", InstanceState::Stopping),
    ("HALTED", InstanceState::Stopped),
    ("WAKING", InstanceState::Starting),
    ("FAILED", InstanceState::Error),
    ("FROZEN", InstanceState::Paused),
    ("ASLEEP", InstanceState::Suspended),
    ("STORED", InstanceState::Shelved),
    ("RESIZING", InstanceState::Resizing),
    ("RESIZED", InstanceState::Resized),
    ("REBUILDING", InstanceState::Rebooting),
    ("REMOVING", InstanceState::Terminating),
    ("REMOVED", InstanceState::Terminated),
];

pub(crate) const IMAGE: &[(&str, ImageState)] = &[
    ("EMPTY", ImageState::Queued),
    ("FILLING", ImageState::Pending),
    ("UPLOADING", ImageState::Pending),
    ("READY", ImageState::Available),
    ("ERASING", ImageState::Deleting),
];

pub(crate) const VOLUME: &[(&str, VolumeState)] = &[
    ("FORMING", VolumeState::Pending),
    ("FREE", VolumeState::Available),
    ("GROWING", VolumeState::Updating),
    ("ATTACHED", VolumeState::InUse),
    ("ERASING", VolumeState::Deleting),
];

pub(crate) const VOLUME_SNAPSHOT: &[(&str, VolumeSnapshotState)] = &[
    ("COPYING", VolumeSnapshotState::Pending),
    ("WHOLE", VolumeSnapshotState::Available),
    ("ERASING", VolumeSnapshotState::Deleting),
];

pub(crate) const VOLUME_ATTACHMENT: &[(&str, VolumeAttachmentState)] =
    &[("HELD", VolumeAttachmentState::Attached)];

pub(crate) const NETWORK: &[(&str, NetworkState)] = &[("CARRYING", NetworkState::Available)];

pub(crate) const NETWORK_INTERFACE: &[(&str, NetworkInterfaceState)] = &[
    ("ATTACHING", NetworkInterfaceState::Pending),
    ("LIVE", NetworkInterfaceState::Active),
    ("DARK", NetworkInterfaceState::Inactive),
];

pub(crate) const ROUTER: &[(&str, RouterState)] = &[("PASSING", RouterState::Available)];

pub(crate) const IP_ADDRESS: &[(&str, IpAddressState)] =
    &[("SPARE", IpAddressState::Available), ("BOUND", IpAddressState::InUse)];

pub(crate) const DATACENTER: &[(&str, DatacenterState)] = &[("OPEN", DatacenterState::Available)];

/// Returns the state of a status word; `unknown` if the table does not have the word.
pub(crate) fn of<S: State>(table: &[(&str, S)], word: &str, unknown: S) -> S {
    table.iter().find(|(known, _)| *known == word).map_or(unknown, |(_, state)| *state)
}

/// Returns the table of a kind by names; `None` for a kind without states.
pub(crate) fn table(kind: Kind) -> Option<Vec<(&'static str, &'static str)>> {
    fn names<S: State>(table: &[(&'static str, S)]) -> Option<Vec<(&'static str, &'static str)>> {
        Some(table.iter().map(|(word, state)| (*word, state.name())).collect())
    }
    match kind {
        Kind::Instance => names(INSTANCE),
        Kind::Image => names(IMAGE),
        Kind::Volume => names(VOLUME),
        Kind::VolumeSnapshot => names(VOLUME_SNAPSHOT),
        Kind::VolumeAttachment => names(VOLUME_ATTACHMENT),
        Kind::Network => names(NETWORK),
        Kind::NetworkInterface => names(NETWORK_INTERFACE),
        Kind::Router => names(ROUTER),
        Kind::IpAddress => names(IP_ADDRESS),
        Kind::Datacenter => names(DATACENTER),
        _ => None,
    }
}
