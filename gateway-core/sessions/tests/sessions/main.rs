//! Sessions, their tokens, and the probes of access.

#![allow(clippy::unwrap_used)] // Clippy knows functions marked as tests, but not their helpers.

mod access_probe;
mod environment;
mod keystone;
mod session_cache;
mod tokens;
