//! The poller and the relay on a real store, with a fake cloud.

// Clippy knows functions marked as tests, but not their helpers.
#![allow(clippy::unwrap_used)]

mod absence;
mod environment;
mod failed_listing;
mod fake_cloud;
mod grant_verification;
mod hung_cloud;
mod listing;
#[path = "../../../gateway-api/tests/api/log_lines.rs"]
mod log_lines;
mod metrics;
mod relay;
mod schedule;
