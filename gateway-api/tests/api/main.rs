//! Tests of the API through its router without a socket, and through the front with one.

#![allow(clippy::unwrap_used)]

mod admin;
mod check_credentials;
mod collections;
mod events;
mod fake_cloud;
mod filters;
mod front;
mod gateway;
mod log_lines;
mod max_age;
mod raw_http;
mod related;
mod sealed;
mod status;
mod sync;
mod tokens;
mod writing;
