//! The HTTP client of the kit, tested against a server with scripted answers.

#![allow(clippy::unwrap_used)] // Clippy knows functions marked as tests, but not their helpers.

mod clock_gate;
mod cloud_http;
mod scripted_server;
