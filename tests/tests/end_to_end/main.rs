//! The gateway end to end on the simulated cloud: front, handlers, pollers and relay as processes of their own on
//! MariaDB and RabbitMQ, and all of them in one process on the embedded pair.

// All of this is test code, also what no test attribute marks.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bus_api;
mod cluster;
mod command_line;
mod drain;
mod ending;
mod following;
mod idle;
#[path = "../real_clouds/listener.rs"]
mod listener;
mod ordering;
mod outages;
mod refusals;
mod replay;
mod routes;
mod sharing;
mod skew;
mod stage;
mod steering;
#[path = "../real_clouds/subscriber.rs"]
mod subscriber;
mod sync;
mod tokens;
mod truth;
mod unchanged;
mod up;
mod uploading;
mod writing;
