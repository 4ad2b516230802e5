//! Sessions to clouds, shared by the pollers and the write path of one process.
//!
//! [`Sessions`] turns a sealed credential into an open session and caches it. Every session is charged to the
//! [`AccountBudget`] of its account, so that listings and writes keep to the cloud's call rate. [`CloudCache`]
//! caches the registered clouds, and a [`TokenCache`] the tokens of a process. [`AccessProbe`] finds what a credential may list. An
//! [`UnprovenBudget`] paces a session until its account is known.

#![warn(missing_docs)]

mod access_probe;
mod account_budget;
mod budget_registry;
mod cloud_cache;
mod pace;
mod session_cache;
mod token_cache;
mod unproven_budget;

pub use access_probe::AccessProbe;
pub use account_budget::{AccountBudget, ListingShare};
pub use cloud_cache::{CloudCache, RegisteredCloud};
pub use pace::Pace;
pub use session_cache::{KeyringSource, OpenSession, Sessions};
pub use token_cache::TokenCache;
pub use unproven_budget::UnprovenBudget;
