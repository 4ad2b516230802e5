//! The domain of Cloud Gateway and its ports.
//!
//! **Architecture invariant:** this crate does not depend on axum, lapin, diesel or reqwest. Clouds are reached through
//! [`driver`] and time through [`clock`]. The terms that all processes share (ids, kinds, states, errors, tokens, seals) are
//! defined here once.

#![warn(missing_docs)]

pub mod access;
pub mod backoff;
pub mod clock;
pub mod config;
pub mod crash;
pub mod document;
pub mod driver;
pub mod error;
pub mod fence;
pub mod id;
pub mod kind;
pub mod marker;
pub mod metric;
pub mod probe;
pub mod secret;
pub mod shares;
pub mod skew;
pub mod telemetry;
pub mod time_limit;

pub use backoff::Backoff;
pub use clock::{Clock, Timestamp};
pub use error::{Error, ErrorKind, Result, Status};
pub use kind::Kind;
