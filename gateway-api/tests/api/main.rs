//! Tests of the API through its router without a socket, and through the front with one.

#![allow(clippy::unwrap_used)]

mod account_pages;
mod admin;
mod call_budget;
mod check_credentials;
mod check_shares;
mod collections;
mod command_lists;
mod events;
mod fake_cloud;
mod filters;
mod front;
mod front_bodies;
mod front_connections;
mod front_secrets;
mod front_shares;
mod front_unread;
mod gateway;
mod log_lines;
mod max_age;
mod page_bytes;
mod raw_http;
mod related;
mod request_id;
mod running_handler;
mod sealed;
mod statements;
mod status;
mod sync;
mod tokens;
mod write_shares;
mod writing;
