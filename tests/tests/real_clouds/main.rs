//! The whole gateway on clouds that others wrote, beside those clouds' own clients: OpenStack and moto.
//!
//! Runs with the variables of [`clouds::Clouds`], which `.ci/run` sets; says that it skipped itself without them.

// All of this is test code, also what no test attribute marks.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod agreement;
mod application;
mod aws;
mod clouds;
mod fleet;
mod fleet_shown;
mod listener;
mod listings;
mod nova;
mod openstack;
mod server_life;
mod sharing;
mod shown;
mod stage;
mod story;
mod subscriber;
mod words;
