//! The API as its callers meet it: by router without a socket, and by front over one.

#![allow(clippy::unwrap_used)]

mod check_credentials;
mod events;
mod fake_cloud;
mod front;
mod gateway;
mod lists;
mod narrowing;
mod raw_http;
mod refreshing;
mod related;
mod routes;
mod sealed;
mod status;
mod sync;
mod writing;
