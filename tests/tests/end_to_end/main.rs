//! End-to-end tests on the simulated cloud: front, handlers, pollers and relay as separate processes on MariaDB and
//! RabbitMQ, or all in one process on SQLite and the in-process bus.

// The whole crate is test code.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bus_api;
mod clock_gate;
mod collections;
mod command_line;
mod command_line_writes;
mod commands;
mod dev_up;
mod environment;
mod events;
mod grants;
mod idle_memory;
mod image_upload;
mod max_age;
mod outages;
mod problems;
mod replay;
mod routes;
mod shutdown;
mod simulator_api;
#[path = "../real_clouds/subscriber.rs"]
mod subscriber;
mod sync;
mod tokens;
#[path = "../real_clouds/topic_consumer.rs"]
mod topic_consumer;
mod unchanged_poll;
mod visibility;
