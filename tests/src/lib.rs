//! The harness of the end-to-end tests: real servers on free ports, gateway processes, and a client.
//!
//! All functions panic with the expected and the actual state, because a test cannot handle such an error.
//! Processes that a test starts end with the test, even on SIGKILL.
//!
//! ```no_run
//! # async fn example() {
//! use gateway_tests::{TestCluster, Simulator, client};
//!
//! let simulator = Simulator::start().await;
//! let mut cluster = TestCluster::builder("a_read").handlers(2).set("poller.interval_seconds", 1).start().await;
//! cluster.add_cloud("sim", "simulator", simulator.url(), &[]).await;
//! let mut client = cluster.register_client("dashboard").await;
//! client.login(&[client::access_key("sim", "demo", "demo-secret")]).await.unwrap();
//! let instances = client.list("instances", &[("cloud", "sim")]).await.unwrap();
//! cluster.pollers[0].kill9();
//! # let _ = instances;
//! # }
//! ```

#![warn(missing_docs)]

pub mod child;
pub mod cli;
pub mod client;
pub mod cluster;
pub mod cpu;
pub mod gateway;
pub mod group;
pub mod ledger;
pub mod mariadb;
pub mod memory;
pub mod ports;
pub mod rabbit;
pub mod settings;
pub mod simulator;
pub mod tls;
pub mod wait;
pub mod watcher;

pub use child::{Child, Program};
pub use client::{Client, Listing, Login};
pub use cluster::TestCluster;
pub use gateway::Gateway;
pub use mariadb::{Database, Durability, MariaDb};
pub use rabbit::{RabbitMq, Vhost};
pub use settings::Settings;
pub use simulator::Simulator;
pub use wait::until;
