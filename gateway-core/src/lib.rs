//! The domain of Cloud Gateway and its ports.
//!
//! **Architecture invariant:** nothing here knows axum, lapin, diesel or reqwest. A cloud is reached
//! through [`driver`], time through [`clock`], and what the processes agree on (ids, kinds, states,
//! errors, tokens, seals) is defined once, here.

#![warn(missing_docs)]

pub mod clock;
pub mod config;
pub mod crash;
pub mod credential;
pub mod driver;
pub mod error;
pub mod event;
pub mod fence;
pub mod id;
pub mod keyring;
pub mod kind;
pub mod kinds;
pub mod links;
pub mod marker;
pub mod observation;
pub mod order;
pub mod resource;
pub mod scope;
pub mod seal;
pub mod search;
pub mod secret;
pub mod skew;
pub mod telemetry;
pub mod token;
pub mod verb;

pub use clock::{Clock, Timestamp};
pub use error::{Error, ErrorKind, Result, Status};
pub use kind::Kind;
