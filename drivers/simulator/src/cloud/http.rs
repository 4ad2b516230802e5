//! The HTTP server: the API of the cloud, the control API and the injection of faults.

mod accepted;
mod account;
mod answer;
mod commands;
mod content;
mod control;
mod fault_layer;
mod read;
pub(super) mod server;
mod sessions;
mod shared;
mod write;
