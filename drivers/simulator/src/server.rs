//! The simulated cloud: an HTTP server with accounts, regions, resources that move, and faults on request.
//!
//! Its API is its own and is described in `docs.md`. With a movement of 0 and nobody writing, every answer
//! is the same byte for byte, whoever asks and however often; with the same seed, so is the next start.

mod addresses;
mod answer;
mod body;
mod chosen;
mod collection;
mod content;
mod control;
mod disturb;
mod document;
mod fault;
mod follow;
mod furnish;
mod journal;
mod lifecycle;
mod movement;
mod options;
mod orders;
mod plugs;
mod published;
mod quota;
mod random;
mod read;
mod rules;
mod run;
mod seed;
mod sessions;
mod shelf;
mod sort;
mod state;
mod ties;
mod world;
mod write;

pub use fault::{Fault, FaultKind};
pub use options::{AccountOption, Population, SimulatorOptions};
pub use run::{RunningSimulator, Simulator};
