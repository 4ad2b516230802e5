//! The conformance suite on the simulator driver, and on drivers with one defect each, which the suite must find.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // also in shared code of tests

mod command_defects;
mod commands;
#[path = "../fixtures/mod.rs"]
mod fixtures;
mod read_defects;
mod reads;
