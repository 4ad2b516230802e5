//! The simulated cloud and the driver for it: a whole cloud without one.

#![warn(missing_docs)]

mod driver;
pub mod server;

pub use driver::{SimulatorDriver, canonical_state};
pub use server::{RunningSimulator, Simulator, SimulatorOptions};
