//! The simulated cloud, by its own API and by the driver.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // also in shared code of tests

mod account_view;
mod accounts;
mod clouds;
mod collections;
mod consistency;
mod control;
mod determinism;
#[path = "../fixtures/mod.rs"]
mod fixtures;
mod images;
mod instances;
mod movement;
mod network_interfaces;
mod networks;
mod runner;
mod ssh_keys;
mod validation;
mod volumes;
