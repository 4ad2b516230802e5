//! The states of OpenStack and the canonical states: one table per kind. A test compares them with `docs.md`.

use gateway_core::kind::{
    ImageState, InstanceState, IpAddressState, NetworkInterfaceState, NetworkState, RouterState,
    VolumeAttachmentState, VolumeSnapshotState, VolumeState,
};

/// Statuses of Nova's servers.
pub(crate) const INSTANCE: &[(&str, InstanceState)] = &[
    ("ACTIVE", InstanceState::Running),
    ("BUILD", InstanceState::Pending),
    ("DELETED", InstanceState::Terminated),
    ("ERROR", InstanceState::Error),
    ("HARD_REBOOT", InstanceState::Rebooting),
    ("MIGRATING", InstanceState::Migrating),
    ("PASSWORD", InstanceState::Running),
    ("PAUSED", InstanceState::Paused),
    ("REBOOT", InstanceState::Rebooting),
    ("REBUILD", InstanceState::Rebooting),
    ("RESCUE", InstanceState::Rescued),
    ("RESIZE", InstanceState::Resizing),
    ("REVERT_RESIZE", InstanceState::Resizing),
    ("SHELVED", InstanceState::Shelved),
    ("SHELVED_OFFLOADED", InstanceState::Shelved),
    ("SHUTOFF", InstanceState::Stopped),
    ("SOFT_DELETED", InstanceState::Terminated),
    ("SUSPENDED", InstanceState::Suspended),
    ("UNKNOWN", InstanceState::Unknown),
    ("VERIFY_RESIZE", InstanceState::Resized),
];

/// Tasks of Nova's servers that override the status, which does not change before they end.
pub(crate) const INSTANCE_TASK: &[(&str, InstanceState)] = &[
    ("deleting", InstanceState::Terminating),
    ("powering-off", InstanceState::Stopping),
    ("powering-on", InstanceState::Starting),
    // Nova refuses to unshelve before the host is released.
    ("shelving_offloading", InstanceState::Stopping),
    ("soft-deleting", InstanceState::Terminating),
];

/// Statuses of Glance's images.
pub(crate) const IMAGE: &[(&str, ImageState)] = &[
    ("active", ImageState::Available),
    ("deactivated", ImageState::Deactivated),
    ("deleted", ImageState::Deleted),
    ("importing", ImageState::Pending),
    ("killed", ImageState::Error),
    ("pending_delete", ImageState::Deleting),
    ("queued", ImageState::Queued),
    ("saving", ImageState::Pending),
    ("uploading", ImageState::Pending),
];

/// Statuses of Cinder's volumes.
pub(crate) const VOLUME: &[(&str, VolumeState)] = &[
    ("attaching", VolumeState::Attaching),
    ("available", VolumeState::Available),
    ("awaiting-transfer", VolumeState::Available),
    ("backing-up", VolumeState::Updating),
    ("creating", VolumeState::Pending),
    ("deleted", VolumeState::Deleted),
    ("deleting", VolumeState::Deleting),
    ("detaching", VolumeState::Detaching),
    ("downloading", VolumeState::Pending),
    ("error", VolumeState::Error),
    ("error_backing-up", VolumeState::Error),
    ("error_deleting", VolumeState::Error),
    ("error_extending", VolumeState::Error),
    ("error_managing", VolumeState::Error),
    ("error_restoring", VolumeState::Error),
    ("extending", VolumeState::Updating),
    ("in-use", VolumeState::InUse),
    ("maintenance", VolumeState::Updating),
    ("managing", VolumeState::Pending),
    ("reserved", VolumeState::Reserved),
    ("restoring-backup", VolumeState::Updating),
    ("retyping", VolumeState::Updating),
    ("reverting", VolumeState::Updating),
    ("unmanaging", VolumeState::Deleting),
    ("uploading", VolumeState::Updating),
];

/// Statuses of Cinder's snapshots.
pub(crate) const VOLUME_SNAPSHOT: &[(&str, VolumeSnapshotState)] = &[
    ("available", VolumeSnapshotState::Available),
    ("backing-up", VolumeSnapshotState::Updating),
    ("creating", VolumeSnapshotState::Pending),
    ("deleted", VolumeSnapshotState::Deleted),
    ("deleting", VolumeSnapshotState::Deleting),
    ("error", VolumeSnapshotState::Error),
    ("error_deleting", VolumeSnapshotState::Error),
    ("restoring", VolumeSnapshotState::Updating),
    ("unmanaging", VolumeSnapshotState::Deleting),
    ("updating", VolumeSnapshotState::Updating),
];

/// Statuses of Cinder's attachments.
pub(crate) const VOLUME_ATTACHMENT: &[(&str, VolumeAttachmentState)] = &[
    ("attached", VolumeAttachmentState::Attached),
    ("attaching", VolumeAttachmentState::Attaching),
    ("deleted", VolumeAttachmentState::Detached),
    ("detached", VolumeAttachmentState::Detached),
    ("detaching", VolumeAttachmentState::Detaching),
    ("error_attaching", VolumeAttachmentState::Error),
    ("error_detaching", VolumeAttachmentState::Error),
    ("reserved", VolumeAttachmentState::Attaching),
];

/// Statuses of Neutron's networks.
pub(crate) const NETWORK: &[(&str, NetworkState)] = &[
    ("ACTIVE", NetworkState::Available),
    ("BUILD", NetworkState::Pending),
    ("DOWN", NetworkState::Down),
    ("ERROR", NetworkState::Error),
];

/// Statuses of Neutron's ports.
pub(crate) const NETWORK_INTERFACE: &[(&str, NetworkInterfaceState)] = &[
    ("ACTIVE", NetworkInterfaceState::Active),
    ("BUILD", NetworkInterfaceState::Pending),
    ("DOWN", NetworkInterfaceState::Inactive),
    ("ERROR", NetworkInterfaceState::Error),
    ("N/A", NetworkInterfaceState::Inactive),
];

/// Statuses of Neutron's routers.
pub(crate) const ROUTER: &[(&str, RouterState)] = &[
    ("ACTIVE", RouterState::Available),
    ("ALLOCATING", RouterState::Pending),
    ("BUILD", RouterState::Pending),
    ("DOWN", RouterState::Down),
    ("ERROR", RouterState::Error),
];

/// Statuses of Neutron's unbound floating IPs. A bound one is in use unless its status is `ERROR`.
pub(crate) const IP_ADDRESS: &[(&str, IpAddressState)] = &[
    ("ACTIVE", IpAddressState::Available),
    ("DOWN", IpAddressState::Available),
    ("ERROR", IpAddressState::Error),
];

/// Returns the state of an instance, from its status and its running task.
pub(crate) fn instance(status: &str, task: Option<&str>) -> InstanceState {
    let state = find(INSTANCE, status).unwrap_or(InstanceState::Unknown);
    if state == InstanceState::Terminated {
        return state;
    }
    task.and_then(|task| find(INSTANCE_TASK, task)).unwrap_or(state)
}

/// Returns the state of an image.
pub(crate) fn image(status: &str) -> ImageState {
    find(IMAGE, status).unwrap_or(ImageState::Unknown)
}

/// Returns the state of a volume.
pub(crate) fn volume(status: &str) -> VolumeState {
    find(VOLUME, status).unwrap_or(VolumeState::Unknown)
}

/// Returns the state of a volume snapshot.
pub(crate) fn volume_snapshot(status: &str) -> VolumeSnapshotState {
    find(VOLUME_SNAPSHOT, status).unwrap_or(VolumeSnapshotState::Unknown)
}

/// Returns the state of a volume attachment.
pub(crate) fn volume_attachment(status: &str) -> VolumeAttachmentState {
    find(VOLUME_ATTACHMENT, status).unwrap_or(VolumeAttachmentState::Unknown)
}

/// Returns the state of a network.
pub(crate) fn network(status: &str) -> NetworkState {
    find(NETWORK, status).unwrap_or(NetworkState::Unknown)
}

/// Returns the state of a network interface.
pub(crate) fn network_interface(status: &str) -> NetworkInterfaceState {
    find(NETWORK_INTERFACE, status).unwrap_or(NetworkInterfaceState::Unknown)
}

/// Returns the state of a router.
pub(crate) fn router(status: &str) -> RouterState {
    find(ROUTER, status).unwrap_or(RouterState::Unknown)
}

/// Returns the state of an address. Neutron's `DOWN` is used for unbound ones and for those whose router is down.
pub(crate) fn ip_address(status: &str, is_bound: bool) -> IpAddressState {
    match find(IP_ADDRESS, status).unwrap_or(IpAddressState::Unknown) {
        IpAddressState::Available if is_bound => IpAddressState::InUse,
        state => state,
    }
}

fn find<S: Copy>(table: &[(&str, S)], word: &str) -> Option<S> {
    table.iter().find(|(known, _)| *known == word).map(|(_, state)| *state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_overrides_status_unless_terminated() {
        assert_eq!(instance("ACTIVE", None), InstanceState::Running);
        assert_eq!(instance("ACTIVE", Some("powering-off")), InstanceState::Stopping);
        assert_eq!(instance("SHUTOFF", Some("powering-on")), InstanceState::Starting);
        assert_eq!(instance("SHELVED", Some("shelving_offloading")), InstanceState::Stopping);
        assert_eq!(instance("SHELVED_OFFLOADED", None), InstanceState::Shelved);
        assert_eq!(instance("ERROR", Some("deleting")), InstanceState::Terminating);
        assert_eq!(instance("SOFT_DELETED", Some("deleting")), InstanceState::Terminated);
        assert_eq!(instance("ACTIVE", Some("image_snapshot")), InstanceState::Running);
    }

    #[test]
    fn unknown_word_has_state_unknown() {
        assert_eq!(instance("OTHER", None), InstanceState::Unknown);
        assert_eq!(image("other"), ImageState::Unknown);
        assert_eq!(volume("other"), VolumeState::Unknown);
        assert_eq!(volume_snapshot("other"), VolumeSnapshotState::Unknown);
        assert_eq!(volume_attachment("other"), VolumeAttachmentState::Unknown);
        assert_eq!(network("OTHER"), NetworkState::Unknown);
        assert_eq!(network_interface("OTHER"), NetworkInterfaceState::Unknown);
        assert_eq!(router("OTHER"), RouterState::Unknown);
        assert_eq!(ip_address("OTHER", true), IpAddressState::Unknown);
    }

    #[test]
    fn bound_address_is_in_use_whatever_its_status() {
        assert_eq!(ip_address("ACTIVE", true), IpAddressState::InUse);
        assert_eq!(ip_address("DOWN", true), IpAddressState::InUse);
        assert_eq!(ip_address("DOWN", false), IpAddressState::Available);
        assert_eq!(ip_address("ACTIVE", false), IpAddressState::Available);
        assert_eq!(ip_address("ERROR", true), IpAddressState::Error);
    }
}
