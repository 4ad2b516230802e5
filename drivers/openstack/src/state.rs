//! The cloud's words for states, and ours. `docs.md` shows the same tables; a test compares them.

use gateway_core::kind::{
    ImageState, InstanceState, IpAddressState, NetworkInterfaceState, NetworkState, RouterState,
    VolumeAttachmentState, VolumeSnapshotState, VolumeState,
};

/// Nova's status words.
pub(crate) const SERVER: &[(&str, InstanceState)] = &[
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

/// Nova's task words that say more than the status, which stays the old one while they run.
pub(crate) const SERVER_TASK: &[(&str, InstanceState)] = &[
    ("deleting", InstanceState::Terminating),
    ("powering-off", InstanceState::Stopping),
    ("powering-on", InstanceState::Starting),
    // Its host is not free yet, and Nova refuses to bring it back before that.
    ("shelving_offloading", InstanceState::Stopping),
    ("soft-deleting", InstanceState::Terminating),
];

/// Glance's status words.
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

/// Cinder's status words.
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

/// Cinder's status words of snapshots.
pub(crate) const SNAPSHOT: &[(&str, VolumeSnapshotState)] = &[
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

/// Cinder's status words of attachments.
pub(crate) const ATTACHMENT: &[(&str, VolumeAttachmentState)] = &[
    ("attached", VolumeAttachmentState::Attached),
    ("attaching", VolumeAttachmentState::Attaching),
    ("deleted", VolumeAttachmentState::Detached),
    ("detached", VolumeAttachmentState::Detached),
    ("detaching", VolumeAttachmentState::Detaching),
    ("error_attaching", VolumeAttachmentState::Error),
    ("error_detaching", VolumeAttachmentState::Error),
    ("reserved", VolumeAttachmentState::Attaching),
];

/// Neutron's status words of networks.
pub(crate) const NETWORK: &[(&str, NetworkState)] = &[
    ("ACTIVE", NetworkState::Available),
    ("BUILD", NetworkState::Pending),
    ("DOWN", NetworkState::Down),
    ("ERROR", NetworkState::Error),
];

/// Neutron's status words of ports.
pub(crate) const PORT: &[(&str, NetworkInterfaceState)] = &[
    ("ACTIVE", NetworkInterfaceState::Active),
    ("BUILD", NetworkInterfaceState::Pending),
    ("DOWN", NetworkInterfaceState::Inactive),
    ("ERROR", NetworkInterfaceState::Error),
    ("N/A", NetworkInterfaceState::Inactive),
];

/// Neutron's status words of routers.
pub(crate) const ROUTER: &[(&str, RouterState)] = &[
    ("ACTIVE", RouterState::Available),
    ("ALLOCATING", RouterState::Pending),
    ("BUILD", RouterState::Pending),
    ("DOWN", RouterState::Down),
    ("ERROR", RouterState::Error),
];

/// Neutron's status words of floating IPs that lead nowhere; one that leads to a port is in use, unless it is broken.
pub(crate) const FLOATING_IP: &[(&str, IpAddressState)] = &[
    ("ACTIVE", IpAddressState::Available),
    ("DOWN", IpAddressState::Available),
    ("ERROR", IpAddressState::Error),
];

/// An instance's state, from its status and the task that runs on it.
pub(crate) fn instance(status: &str, task: Option<&str>) -> InstanceState {
    let state = find(SERVER, status).unwrap_or(InstanceState::Unknown);
    if state == InstanceState::Terminated {
        return state;
    }
    task.and_then(|task| find(SERVER_TASK, task)).unwrap_or(state)
}

/// An image's state.
pub(crate) fn image(status: &str) -> ImageState {
    find(IMAGE, status).unwrap_or(ImageState::Unknown)
}

/// A volume's state.
pub(crate) fn volume(status: &str) -> VolumeState {
    find(VOLUME, status).unwrap_or(VolumeState::Unknown)
}

/// A snapshot's state.
pub(crate) fn snapshot(status: &str) -> VolumeSnapshotState {
    find(SNAPSHOT, status).unwrap_or(VolumeSnapshotState::Unknown)
}

/// An attachment's state.
pub(crate) fn attachment(status: &str) -> VolumeAttachmentState {
    find(ATTACHMENT, status).unwrap_or(VolumeAttachmentState::Unknown)
}

/// A network's state.
pub(crate) fn network(status: &str) -> NetworkState {
    find(NETWORK, status).unwrap_or(NetworkState::Unknown)
}

/// A port's state.
pub(crate) fn port(status: &str) -> NetworkInterfaceState {
    find(PORT, status).unwrap_or(NetworkInterfaceState::Unknown)
}

/// A router's state.
pub(crate) fn router(status: &str) -> RouterState {
    find(ROUTER, status).unwrap_or(RouterState::Unknown)
}

/// A floating IP's state: Neutron's DOWN is both for one that leads nowhere and for one whose router is down.
pub(crate) fn floating_ip(status: &str, leads_somewhere: bool) -> IpAddressState {
    match find(FLOATING_IP, status).unwrap_or(IpAddressState::Unknown) {
        IpAddressState::Available if leads_somewhere => IpAddressState::InUse,
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
    fn a_task_says_more_than_the_status_unless_all_is_over() {
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
    fn a_new_word_is_unknown_and_not_an_error() {
        assert_eq!(instance("DREAMING", None), InstanceState::Unknown);
        assert_eq!(image("dreaming"), ImageState::Unknown);
        assert_eq!(volume("dreaming"), VolumeState::Unknown);
        assert_eq!(snapshot("dreaming"), VolumeSnapshotState::Unknown);
        assert_eq!(attachment("dreaming"), VolumeAttachmentState::Unknown);
        assert_eq!(network("DREAMING"), NetworkState::Unknown);
        assert_eq!(port("DREAMING"), NetworkInterfaceState::Unknown);
        assert_eq!(router("DREAMING"), RouterState::Unknown);
        assert_eq!(floating_ip("DREAMING", true), IpAddressState::Unknown);
    }

    #[test]
    fn a_floating_ip_is_in_use_by_where_it_leads_and_not_by_its_word() {
        assert_eq!(floating_ip("ACTIVE", true), IpAddressState::InUse);
        assert_eq!(floating_ip("DOWN", true), IpAddressState::InUse);
        assert_eq!(floating_ip("DOWN", false), IpAddressState::Available);
        assert_eq!(floating_ip("ACTIVE", false), IpAddressState::Available);
        assert_eq!(floating_ip("ERROR", true), IpAddressState::Error);
    }
}
