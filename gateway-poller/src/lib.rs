//! Keeps the store current, and publishes its changes.
//!
//! The [`Poller`] claims due targets by lease, lists them with detail, and applies its observations; it also
//! verifies grants. The [`Relay`] numbers the events of the outbox and publishes them with confirms. Both run in any
//! number of copies and keep no state of their own.

#![warn(missing_docs)]

mod clock_report;
mod context;
mod cycle;
mod failures;
mod instruments;
mod interval;
mod poller;
mod relay;
mod schedule;
mod slots;
mod verify;

pub use instruments::METRICS;
pub use poller::{Poller, PollerParts};
pub use relay::{Relay, RelayParts};
