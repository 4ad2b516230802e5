//! The driver over HTTP, without a real cloud: at a fake cloud with programmed answers, and with recorded answers.

#![allow(clippy::unwrap_used)] // all of this is test code, also what no test attribute marks

mod fake_cloud;
mod listing;
mod network;
mod recorded;
mod repeat;
mod ssh_key;
mod token;
