//! Expected canonical states by state words of the clouds. Written by hand and independent of the drivers.

/// Kind, cloud state, canonical state.
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

/// State and task of a server in Nova's notifications, with the canonical state. An empty task matches any task.
const SERVER: &[(&str, &str, &str)] = &[
    ("active", "powering-off", "stopping"),
    ("active", "deleting", "terminating"),
    ("stopped", "deleting", "terminating"),
    ("building", "", "pending"),
    ("active", "", "running"),
    ("stopped", "", "stopped"),
    ("deleted", "", "terminated"),
];

/// Returns the canonical state. Panics if the table has no such state.
pub(crate) fn canonical(driver: &str, kind: &str, cloud_state: &str) -> &'static str {
    let table = if driver == "ec2" { EC2 } else { OPENSTACK };
    let found = table.iter().find(|row| (row.0, row.1) == (kind, cloud_state));
    found.unwrap_or_else(|| panic!("no canonical state for {kind} {cloud_state:?} of {driver}")).2
}

/// Returns the canonical state of a server with this state and task in Nova.
pub(crate) fn of_server(state: &str, task: &str) -> &'static str {
    let found = SERVER.iter().find(|row| row.0 == state && (row.1.is_empty() || row.1 == task));
    found.unwrap_or_else(|| panic!("no canonical state for a server in {state} with task {task:?}")).2
}
