//! The whole gateway on real clouds (OpenStack and moto), compared with the clouds' own clients.
//!
//! Needs the variables of [`clouds::Clouds`], which `.ci/run` sets. Without them, the tests print that they are skipped.

// The whole crate is test code.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod application;
mod aws;
mod cloud_resource;
mod clouds;
mod comparison;
mod environment;
mod events;
mod fleet;
mod fleet_listing;
mod listings;
mod nova_notifications;
mod openstack;
mod server;
mod states;
mod subscriber;
mod topic_consumer;
mod visibility;
