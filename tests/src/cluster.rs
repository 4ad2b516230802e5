//! The usual set: a database, a virtual host, and every role as a process of its own.

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

/// A running gateway on MySQL and RabbitMQ. Every part can be killed, restarted, paused and read.
#[derive(Debug)]
pub struct Cluster {
    /// The HTTP side.
    pub front: Gateway,
    /// The pool that answers.
    pub handlers: Vec<Gateway>,
    /// What keeps the store current.
    pub pollers: Vec<Gateway>,
    /// What publishes events.
    pub relay: Gateway,
    /// Its part of the database server.
    pub database: Database,
    /// Its part of the broker.
    pub vhost: Vhost,
    /// What every role was started with; the front's address is added for the front alone.
    pub settings: Settings,
    /// The servers, when they are its own.
    pub servers: Option<Servers>,
    /// The gateway's keys.
    pub keyring: PathBuf,
    _directory: TempDir,
}

/// Servers of one cluster alone, so that a test may kill them.
#[derive(Debug)]
pub struct Servers {
    /// The database.
    pub mariadb: MariaDb,
    /// The broker.
    pub rabbit: RabbitMq,
}

/// What to start.
#[derive(Debug)]
pub struct Plan {
    test: String,
    handlers: usize,
    pollers: usize,
    own_servers: bool,
    settings: Settings,
}

impl Plan {
    /// How many handlers; one when not said.
    pub fn handlers(mut self, count: usize) -> Self {
        self.handlers = count;
        self
    }

    /// How many pollers; one when not said.
    pub fn pollers(mut self, count: usize) -> Self {
        self.pollers = count;
        self
    }

    /// Servers that the test may kill, with every commit on disk.
    pub fn own_servers(mut self) -> Self {
        self.own_servers = true;
        self
    }

    /// One setting of all roles: `set("poller.interval_seconds", 1)`.
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.set(key, value);
        self
    }

    /// Starts all of it, and notes in the ledger that the test runs on this pair.
    pub async fn start(mut self) -> Cluster {
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
        let handlers = several("handler", self.handlers, &settings).await;
        let pollers = several("poller", self.pollers, &settings).await;
        let relay = Gateway::role("relay", &settings).await;
        let front = Gateway::role("front", &settings).await;
        ledger::ran_on(ledger::MYSQL_RABBITMQ, &self.test);
        Cluster {
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

impl Cluster {
    /// A cluster for the test of this name: one of each role, on the servers that all tests share.
    pub fn plan(test: &str) -> Plan {
        let settings = Settings::default();
        Plan { test: test.to_owned(), handlers: 1, pollers: 1, own_servers: false, settings }
    }

    /// Registers a client; it has no token before it logs in.
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

    /// Runs a command of the gateway that must succeed and print JSON, with this cluster's settings.
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

async fn several(role: &str, count: usize, settings: &Settings) -> Vec<Gateway> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(Gateway::role(role, settings).await);
    }
    all
}
