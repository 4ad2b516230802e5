//! What keeps the store true, and what tells the world of it.
//!
//! The [`Poller`] claims due targets by lease, lists them with detail, and applies what it saw; it also
//! verifies grants. The [`Relay`] numbers what was written to the outbox and publishes it with confirms.
//! Both run in any number of copies and keep nothing that matters in memory.

#![warn(missing_docs)]

mod absence;
mod access;
mod clocks;
mod cycle;
mod interval;
mod known;
mod lease;
mod listing;
mod poller;
mod proof;
mod relay;
mod schedule;
mod seats;
mod setback;
mod trouble;
mod verify;

pub use poller::{Poller, PollerParts};
pub use relay::{Relay, RelayParts};
