//! Refresh requests: listings that a caller wants to be newer, and the wait for them.

pub(crate) mod watcher;
