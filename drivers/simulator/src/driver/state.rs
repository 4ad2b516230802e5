//! The cloud's words for states, and ours. `docs.md` shows the same tables; a test compares them.

use gateway_core::Kind;
use gateway_core::kind::{
    Canonical, Datacenter, DatacenterState, Image, ImageState, Instance, InstanceState, IpAddress,
    IpAddressState, Network, NetworkInterface, NetworkInterfaceState, NetworkState, Router, RouterState,
    State, Volume, VolumeAttachment, VolumeAttachmentState, VolumeSnapshot, VolumeSnapshotState, VolumeState,
};

pub(super) const INSTANCE: &[(&str, InstanceState)] = &[
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

pub(super) const IMAGE: &[(&str, ImageState)] = &[
    ("EMPTY", ImageState::Queued),
    ("FILLING", ImageState::Pending),
    ("UPLOADING", ImageState::Pending),
    ("READY", ImageState::Available),
    ("ERASING", ImageState::Deleting),
];

pub(super) const VOLUME: &[(&str, VolumeState)] = &[
    ("FORMING", VolumeState::Pending),
    ("FREE", VolumeState::Available),
    ("GROWING", VolumeState::Updating),
    ("ATTACHED", VolumeState::InUse),
    ("ERASING", VolumeState::Deleting),
];

pub(super) const VOLUME_SNAPSHOT: &[(&str, VolumeSnapshotState)] = &[
    ("COPYING", VolumeSnapshotState::Pending),
    ("WHOLE", VolumeSnapshotState::Available),
    ("ERASING", VolumeSnapshotState::Deleting),
];

pub(super) const VOLUME_ATTACHMENT: &[(&str, VolumeAttachmentState)] =
    &[("HELD", VolumeAttachmentState::Attached)];

pub(super) const NETWORK: &[(&str, NetworkState)] = &[("CARRYING", NetworkState::Available)];

pub(super) const NETWORK_INTERFACE: &[(&str, NetworkInterfaceState)] = &[
    ("PLUGGING", NetworkInterfaceState::Pending),
    ("LIVE", NetworkInterfaceState::Active),
    ("DARK", NetworkInterfaceState::Inactive),
];

pub(super) const ROUTER: &[(&str, RouterState)] = &[("PASSING", RouterState::Available)];

pub(super) const IP_ADDRESS: &[(&str, IpAddressState)] =
    &[("SPARE", IpAddressState::Available), ("BOUND", IpAddressState::InUse)];

pub(super) const DATACENTER: &[(&str, DatacenterState)] = &[("OPEN", DatacenterState::Available)];

/// The state of a word; `unknown` for a word that the table lacks.
pub(super) fn of<S: State>(table: &[(&str, S)], word: &str, unknown: S) -> S {
    table.iter().find(|(known, _)| *known == word).map_or(unknown, |(_, state)| *state)
}

/// The table of a kind as names; `None` for a kind without states.
pub(super) fn table(kind: Kind) -> Option<Vec<(&'static str, &'static str)>> {
    fn names<S: State>(table: &[(&'static str, S)]) -> Option<Vec<(&'static str, &'static str)>> {
        Some(table.iter().map(|(word, state)| (*word, state.name())).collect())
    }
    match kind {
        Instance::KIND => names(INSTANCE),
        Image::KIND => names(IMAGE),
        Volume::KIND => names(VOLUME),
        VolumeSnapshot::KIND => names(VOLUME_SNAPSHOT),
        VolumeAttachment::KIND => names(VOLUME_ATTACHMENT),
        Network::KIND => names(NETWORK),
        NetworkInterface::KIND => names(NETWORK_INTERFACE),
        Router::KIND => names(ROUTER),
        IpAddress::KIND => names(IP_ADDRESS),
        Datacenter::KIND => names(DATACENTER),
        _ => None,
    }
}
