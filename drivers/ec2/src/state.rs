//! EC2's states and their canonical states: one table per kind.

use gateway_core::kind::{
    DatacenterState, ImageState, InstanceState, IpAddressState, NetworkInterfaceState, NetworkState,
    RouterState, State, VolumeAttachmentState, VolumeSnapshotState, VolumeState,
};

/// The states of one kind.
#[derive(Debug)]
pub(crate) struct States<S: 'static> {
    /// EC2's words with their canonical states.
    pub(crate) words: &'static [(&'static str, S)],
    /// The canonical state of any other word.
    unknown: S,
}

impl<S: State> States<S> {
    const fn new(unknown: S, words: &'static [(&'static str, S)]) -> Self {
        Self { words, unknown }
    }

    /// Returns the canonical state of EC2's word.
    pub(crate) fn of(&self, word: &str) -> S {
        self.words.iter().find(|(known, _)| *known == word).map_or(self.unknown, |(_, state)| *state)
    }
}

/// States of instances.
pub(crate) static INSTANCE: States<InstanceState> = States::new(
    InstanceState::Unknown,
    &[
        ("pending", InstanceState::Pending),
        ("running", InstanceState::Running),
        ("stopping", InstanceState::Stopping),
        ("stopped", InstanceState::Stopped),
        ("shutting-down", InstanceState::Terminating),
        ("terminated", InstanceState::Terminated),
    ],
);

/// States of images.
pub(crate) static IMAGE: States<ImageState> = States::new(
    ImageState::Unknown,
    &[
        ("pending", ImageState::Pending),
        ("transient", ImageState::Pending),
        ("available", ImageState::Available),
        ("disabled", ImageState::Deactivated),
        ("invalid", ImageState::Error),
        ("failed", ImageState::Error),
        ("error", ImageState::Error),
        ("deregistered", ImageState::Deleted),
    ],
);

/// States of volumes.
pub(crate) static VOLUME: States<VolumeState> = States::new(
    VolumeState::Unknown,
    &[
        ("creating", VolumeState::Pending),
        ("available", VolumeState::Available),
        ("in-use", VolumeState::InUse),
        ("deleting", VolumeState::Deleting),
        ("deleted", VolumeState::Deleted),
        ("error", VolumeState::Error),
    ],
);

/// States of snapshots; the last two are those of the recycle bin.
pub(crate) static VOLUME_SNAPSHOT: States<VolumeSnapshotState> = States::new(
    VolumeSnapshotState::Unknown,
    &[
        ("pending", VolumeSnapshotState::Pending),
        ("completed", VolumeSnapshotState::Available),
        ("error", VolumeSnapshotState::Error),
        ("recoverable", VolumeSnapshotState::Deleted),
        ("recovering", VolumeSnapshotState::Updating),
    ],
);

/// States of attachments of volumes; `busy` means that the instance has not released the device yet.
pub(crate) static VOLUME_ATTACHMENT: States<VolumeAttachmentState> = States::new(
    VolumeAttachmentState::Unknown,
    &[
        ("attaching", VolumeAttachmentState::Attaching),
        ("attached", VolumeAttachmentState::Attached),
        ("detaching", VolumeAttachmentState::Detaching),
        ("busy", VolumeAttachmentState::Detaching),
        ("detached", VolumeAttachmentState::Detached),
    ],
);

/// States of VPCs; a VPC that is being deleted is empty already.
pub(crate) static NETWORK: States<NetworkState> = States::new(
    NetworkState::Unknown,
    &[
        ("pending", NetworkState::Pending),
        ("available", NetworkState::Available),
        ("deleting", NetworkState::Down),
    ],
);

/// States of network interfaces; `associated` is the state of a branch of another interface.
pub(crate) static NETWORK_INTERFACE: States<NetworkInterfaceState> = States::new(
    NetworkInterfaceState::Unknown,
    &[
        ("pending", NetworkInterfaceState::Pending),
        ("available", NetworkInterfaceState::Inactive),
        ("associated", NetworkInterfaceState::Active),
        ("attaching", NetworkInterfaceState::Pending),
        ("in-use", NetworkInterfaceState::Active),
        ("detaching", NetworkInterfaceState::Detaching),
    ],
);

/// States of routers, by the attachment of an internet gateway. Without an attachment a gateway is detached. A route table has
/// no state and counts as available.
pub(crate) static ROUTER: States<RouterState> = States::new(
    RouterState::Unknown,
    &[
        ("available", RouterState::Available),
        ("attached", RouterState::Available),
        ("attaching", RouterState::Pending),
        ("detaching", RouterState::Detaching),
        ("detached", RouterState::Down),
    ],
);

/// States of zones; an `information` zone works and has messages.
pub(crate) static DATACENTER: States<DatacenterState> = States::new(
    DatacenterState::Unknown,
    &[
        ("available", DatacenterState::Available),
        ("information", DatacenterState::Available),
        ("constrained", DatacenterState::Impaired),
        ("impaired", DatacenterState::Impaired),
        ("unavailable", DatacenterState::Unavailable),
    ],
);

/// Returns the state of an elastic address, for which EC2 has no word.
pub(crate) const fn of_address(is_associated: bool) -> IpAddressState {
    if is_associated { IpAddressState::InUse } else { IpAddressState::Available }
}
