//! The poller and the relay on a real store, with a cloud that does what the test says.

// Clippy knows functions marked as tests, not those that tests are made of.
#![allow(clippy::unwrap_used)]

mod absence;
mod cloud;
mod failures;
mod grants;
mod listing;
mod relay;
mod sharing;
mod stage;
