//! The canonical state for each word of a cloud, as the people who read the gateway's answers expect it. Written
//! by hand and not taken from the drivers, so that the two can disagree.

/// Kind, word, canonical state.
type Table = &'static [(&'static str, &'static str, &'static str)];

const OPENSTACK: Table = &[
    ("instance", "ACTIVE", "running"),
    ("instance", "BUILD", "pending"),
    ("instance", "SHUTOFF", "stopped"),
    ("instance", "PAUSED", "paused"),
    ("instance", "SUSPENDED", "suspended"),
    ("instance", "SHELVED_OFFLOADED", "shelved"),
    ("instance", "ERROR", "error"),
    ("image", "active", "available"),
    ("image", "deactivated", "deactivated"),
    ("image", "queued", "queued"),
    ("volume", "available", "available"),
    ("volume", "in-use", "in_use"),
    ("volume", "error", "error"),
];

const EC2: Table = &[
    ("instance", "pending", "pending"),
    ("instance", "running", "running"),
    ("instance", "stopping", "stopping"),
    ("instance", "stopped", "stopped"),
    ("instance", "shutting-down", "terminating"),
    ("instance", "terminated", "terminated"),
    ("image", "available", "available"),
    ("image", "pending", "pending"),
    ("volume", "creating", "pending"),
    ("volume", "available", "available"),
    ("volume", "in-use", "in_use"),
];

/// The state of a server in Nova's notifications and the task that runs on it, and what they mean together. An
/// empty task stands for any.
const SERVER: &[(&str, &str, &str)] = &[
    ("active", "powering-off", "stopping"),
    ("active", "deleting", "terminating"),
    ("stopped", "deleting", "terminating"),
    ("building", "", "pending"),
    ("active", "", "running"),
    ("stopped", "", "stopped"),
    ("deleted", "", "terminated"),
];

/// The canonical state; a word that is not in the table is a defect of the table.
pub(crate) fn canonical(driver: &str, kind: &str, word: &str) -> &'static str {
    let table = if driver == "ec2" { EC2 } else { OPENSTACK };
    let found = table.iter().find(|row| (row.0, row.1) == (kind, word));
    found.unwrap_or_else(|| panic!("no state is written down for {driver}'s {kind} {word:?}")).2
}

/// The canonical state of a server that Nova says is in `state` while `task` runs.
pub(crate) fn of_server(state: &str, task: &str) -> &'static str {
    let found = SERVER.iter().find(|row| row.0 == state && (row.1.is_empty() || row.1 == task));
    found.unwrap_or_else(|| panic!("no state is written down for a server in {state} with {task:?}")).2
}
