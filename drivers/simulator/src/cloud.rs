//! The simulated cloud: an HTTP server with accounts, regions, resources that move, and faults on request.
//!
//! Its API is its own and is described in `docs.md`. Without movement and writes every answer is the same byte
//! for byte; with the same seed, so is that of the next start.
//!
//! The imports go one way: `tables`, `lifecycle`, `commands` and `documents`, then `seed` and `movement`, then `http`.

mod commands;
mod documents;
mod fault;
mod http;
mod lifecycle;
mod movement;
mod options;
mod refusal;
mod seed;
mod tables;

pub use fault::{Fault, FaultKind};
pub use http::server::{RunningSimulator, Simulator};
pub use options::{AccountOption, Population, SimulatorOptions};
