//! One behaviour suite for all drivers: what [`gateway_core::driver`] promises, checked from outside.
//!
//! A driver's own tests make a [`Subject`] of the driver, a registration and credentials, and call [`run`].
//! What a cloud cannot be asked to do (answer 429, lose its `Date`) is done by a [`Faults`]: the simulated
//! cloud's control endpoint, or a [`proxy::FaultProxy`] in front of a real one. Checks that the subject
//! cannot take are skipped with a reason, never silently.
//!
//! [`run_verbs`] does the same for what a driver says it can change, with [`Fixtures`] that the cloud must have.

#![warn(missing_docs)]

mod checks;
mod fault;
pub mod proxy;
pub mod recorded;
mod report;
mod subject;
mod verbs;

pub use checks::run;
pub use fault::{Fault, Faults};
pub use report::{Entry, Outcome, Report};
pub use subject::Subject;
pub use verbs::{Fixtures, run_verbs};
