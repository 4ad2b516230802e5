//! A gateway cluster for one test: a database, a virtual host, and one process per role.

use std::path::PathBuf;

use gateway_core::access::keyring::Keyring;
use gateway_core::clock::{Clock as _, SystemClock};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;
use crate::gateway::Gateway;
use crate::mariadb::{Database, Durability, MariaDb};
use crate::rabbit::{RabbitMq, Vhost};
use crate::settings::Settings;
use crate::{cli, ledger};

/// A running gateway on MariaDB and RabbitMQ. Every part can be killed, restarted, paused and read.
#[derive(Debug)]
pub struct TestCluster {
    /// The front.
    pub front: Gateway,
    /// The handlers.
    pub handlers: Vec<Gateway>,
    /// The pollers.
    pub pollers: Vec<Gateway>,
    /// The relay.
    pub relay: Gateway,
    /// The database of this cluster.
    pub database: Database,
    /// The virtual host of this cluster.
    pub vhost: Vhost,
    /// The settings of all roles. Only the front also has an address.
    pub settings: Settings,
    /// The servers, if the cluster has its own.
    pub servers: Option<Servers>,
    /// The keyring file of the gateway.
    pub keyring: PathBuf,
    _directory: TempDir,
}

/// Servers of a single cluster, which a test may kill.
#[derive(Debug)]
pub struct Servers {
    /// The database server.
    pub mariadb: MariaDb,
    /// The broker.
    pub rabbit: RabbitMq,
}

/// The configuration of a cluster that is not started yet.
#[derive(Debug)]
pub struct ClusterBuilder {
    test: String,
    handlers: usize,
    pollers: usize,
    own_servers: bool,
    settings: Settings,
}

impl ClusterBuilder {
    /// Sets the number of handlers. Default: 1.
    pub fn handlers(mut self, count: usize) -> Self {
        self.handlers = count;
        self
    }

    /// Sets the number of pollers. Default: 1.
    pub fn pollers(mut self, count: usize) -> Self {
        self.pollers = count;
        self
    }

    /// Starts servers for this cluster alone, with every commit on disk, so that the test may kill them.
    pub fn own_servers(mut self) -> Self {
        self.own_servers = true;
        self
    }

    /// Sets a setting of all roles: `set("poller.interval_seconds", 1)`.
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.set(key, value);
        self
    }

    /// Starts the cluster and records in the ledger that the test runs on these servers.
    pub async fn start(mut self) -> TestCluster {
        let servers = if self.own_servers { Some(Servers::start().await) } else { None };
        let (mariadb, rabbit) = match &servers {
            Some(own) => (&own.mariadb, &own.rabbit),
            None => tokio::join!(MariaDb::shared(), RabbitMq::shared()),
        };
        let (database, vhost) = (mariadb.database(&self.test), rabbit.vhost(&self.test).await);
        let directory = tempfile::Builder::new().prefix("gateway-cluster-").tempdir().expect("a directory");
        let keyring = directory.path().join("keyring.json");
        let keys = Keyring::generate(SystemClock.now()).expect("randomness");
        keys.save(&keyring).expect("a keyring can be written");
        self.settings.set("database.url", &database.url);
        self.settings.set("bus.url", &vhost.url);
        self.settings.set("keyring.file", keyring.display());

        let settings = self.settings;
        cli::text(&settings, &["migrate"]).await;
        let handlers = start_roles("handler", self.handlers, &settings).await;
        let pollers = start_roles("poller", self.pollers, &settings).await;
        let relay = Gateway::role("relay", &settings).await;
        let front = Gateway::role("front", &settings).await;
        ledger::ran_on(ledger::MYSQL_RABBITMQ, &self.test);
        TestCluster {
            front,
            handlers,
            pollers,
            relay,
            database,
            vhost,
            settings,
            servers,
            keyring,
            _directory: directory,
        }
    }
}

impl TestCluster {
    /// Returns a builder for the cluster of the test `test`: one process per role, on the shared servers.
    pub fn builder(test: &str) -> ClusterBuilder {
        let settings = Settings::default();
        ClusterBuilder { test: test.to_owned(), handlers: 1, pollers: 1, own_servers: false, settings }
    }

    /// Registers a client. It has no token until it logs in.
    pub async fn register_client(&self, name: &str) -> Client {
        let made = self.cli_json(&["client", "create", name, "--json"]).await;
        let word = |key: &str| made[key].as_str().unwrap_or_else(|| panic!("no {key} in {made}")).to_owned();
        Client::new(self.front.url(), &word("client_id"), &word("client_secret"))
    }

    /// Registers a cloud and returns its id.
    pub async fn add_cloud(&self, name: &str, driver: &str, endpoint: &str, more: &[&str]) -> String {
        let command = ["cloud", "add", name, "--driver", driver, "--endpoint", endpoint, "--json"];
        let made = self.cli_json(&[&command, more].concat()).await;
        made["cloud_id"].as_str().unwrap_or_else(|| panic!("no cloud_id in {made}")).to_owned()
    }

    /// Runs a `gateway` command with the settings of this cluster. It must succeed and print JSON.
    pub async fn cli_json(&self, arguments: &[&str]) -> Value {
        cli::json(&self.settings, arguments).await
    }
}

impl Servers {
    async fn start() -> Self {
        let (mariadb, rabbit) = tokio::join!(MariaDb::start(Durability::EveryCommit), RabbitMq::start());
        Self { mariadb, rabbit }
    }
}

async fn start_roles(role: &str, count: usize, settings: &Settings) -> Vec<Gateway> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(Gateway::role(role, settings).await);
    }
    all
}
