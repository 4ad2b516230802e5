//! The driver at endpoints that speak the Query API: one with scripted answers, and one with recorded answers.

#![allow(clippy::unwrap_used)] // test helpers are tests

mod image;
mod instance;
mod ip_address_binding;
mod marker;
mod network;
mod paging;
mod proof;
mod quota;
mod recorded;
mod router;
mod scripted_cloud;
mod signature;
mod ssh_key;
mod steps;
mod volume;
mod volume_attachment;
mod volume_snapshot;
