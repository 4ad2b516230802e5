//! The domain of Cloud Gateway and its ports.
//!
//! **Architecture invariant:** nothing here knows axum, lapin, diesel or reqwest. A cloud is reached
//! through [`driver`], time through [`clock`], and what the processes agree on (ids, kinds, states,
//! errors, tokens, seals) is defined once, here.

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
pub mod secret;
pub mod skew;
pub mod telemetry;

pub use backoff::Backoff;
pub use clock::{Clock, Timestamp};
pub use error::{Error, ErrorKind, Result, Status};
pub use kind::Kind;
