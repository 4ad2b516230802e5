//! Refresh requests: demands for data no older than a given age, and the wait for the listings that meet them.

mod progress;
mod request;
mod watcher;

pub(crate) use request::{Refresh, Refreshed, refreshed};
pub(crate) use watcher::Watcher;
