//! The cloud's words for states, and ours. `docs.md` shows the same tables; a test compares them.

use gateway_core::kinds::{ImageState, InstanceState, VolumeState};

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
    ("VERIFY_RESIZE", InstanceState::Resizing),
];

/// Nova's task words that say more than the status, which stays the old one while they run.
pub(crate) const SERVER_TASK: &[(&str, InstanceState)] = &[
    ("deleting", InstanceState::Terminating),
    ("powering-off", InstanceState::Stopping),
    ("powering-on", InstanceState::Starting),
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
    ("queued", ImageState::Pending),
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

fn find<S: Copy>(table: &[(&str, S)], word: &str) -> Option<S> {
    table.iter().find(|(known, _)| *known == word).map(|(_, state)| *state)
}

#[cfg(test)]
mod tests {
    use gateway_core::kind::State;

    use super::*;

    /// The rows of the document's table under a heading.
    fn documented(heading: &str) -> Vec<(String, String)> {
        let text = include_str!("../docs.md");
        let section = text.split(&format!("### {heading}\n")).nth(1).unwrap_or_default();
        let section = section.split("\n#").next().unwrap_or_default();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        rows.map(|row| {
            let mut cells = row.split('`');
            (cells.next().unwrap().to_owned(), cells.nth(1).unwrap().to_owned())
        })
        .collect()
    }

    fn coded<S: State>(table: &[(&str, S)]) -> Vec<(String, String)> {
        table.iter().map(|(word, state)| ((*word).to_owned(), state.name().to_owned())).collect()
    }

    #[test]
    fn the_tables_in_the_document_are_those_of_the_code() {
        assert_eq!(documented("Server status"), coded(SERVER));
        assert_eq!(documented("Server task"), coded(SERVER_TASK));
        assert_eq!(documented("Image status"), coded(IMAGE));
        assert_eq!(documented("Volume status"), coded(VOLUME));
    }

    #[test]
    fn a_task_says_more_than_the_status_unless_all_is_over() {
        assert_eq!(instance("ACTIVE", None), InstanceState::Running);
        assert_eq!(instance("ACTIVE", Some("powering-off")), InstanceState::Stopping);
        assert_eq!(instance("SHUTOFF", Some("powering-on")), InstanceState::Starting);
        assert_eq!(instance("ERROR", Some("deleting")), InstanceState::Terminating);
        assert_eq!(instance("SOFT_DELETED", Some("deleting")), InstanceState::Terminated);
        assert_eq!(instance("ACTIVE", Some("image_snapshot")), InstanceState::Running);
    }

    #[test]
    fn a_new_word_is_unknown_and_not_an_error() {
        assert_eq!(instance("DREAMING", None), InstanceState::Unknown);
        assert_eq!(image("dreaming"), ImageState::Unknown);
        assert_eq!(volume("dreaming"), VolumeState::Unknown);
    }
}
