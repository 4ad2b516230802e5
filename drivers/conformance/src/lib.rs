//! The conformance suite of all drivers: what [`gateway_core::driver`] promises, checked from outside.
//!
//! A driver's own tests make a [`Subject`] of the driver, a registration and credentials, and call [`run`]
//! for the reads and [`run_verbs`], with [`Fixtures`] of the cloud, for the commands. Both are gated by the
//! driver's capability. Answers that a cloud cannot be asked for (429, no `Date`) come from a
//! [`FaultInjector`]: the control endpoint of the simulated cloud, or a [`proxy::FaultProxy`] in front of a
//! real one. A check that cannot run is in the [`Report`] as skipped, with the reason.

#![warn(missing_docs)]

mod fault;
pub mod proxy;
mod reads;
pub mod recorded;
mod report;
mod subject;
mod verbs;

pub use fault::{Fault, FaultInjector};
pub use reads::run;
pub use report::{Entry, Outcome, Report};
pub use subject::Subject;
pub use verbs::{Fixtures, run_verbs};
