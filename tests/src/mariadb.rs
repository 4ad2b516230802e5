//! A private MariaDB server.

use std::fmt;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use diesel::prelude::*;
use diesel::{MysqlConnection, sql_query};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::child::{Child, Program};
use crate::ports;
use crate::wait::until;

/// The variable with the address of a running server: `mysql://root@127.0.0.1:PORT`.
pub const URL_VARIABLE: &str = "GATEWAY_TEST_MYSQL_URL";

/// A cold start takes a second, and much longer on a loaded machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// The frequency at which commits are synced to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is synced, as in production. For tests that kill the server.
    EveryCommit,
    /// Commits are synced once a second, which allows ten times as many. For all other tests.
    EverySecond,
}

/// A MariaDB server, either started here or named by the environment. `root` has no password and connects from
/// 127.0.0.1 only.
#[derive(Debug)]
pub struct MariaDb {
    port: u16,
    server: Option<(Child, TempDir)>,
}

impl MariaDb {
    /// Installs and starts a new server.
    pub async fn start(durability: Durability) -> Self {
        let directory = tempfile::Builder::new().prefix("gateway-mariadb-").tempdir().expect("a directory");
        install(&directory);
        let port = ports::free();
        let path = |name: &str| directory.path().join(name).display().to_string();
        let flush = match durability {
            Durability::EveryCommit => 1,
            Durability::EverySecond => 2,
        };
        let program = Program::new("mariadb", "mariadbd", directory.path())
            .arguments(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"])
            .arguments([format!("--port={port}"), format!("--datadir={}", path("data"))])
            .arguments([format!("--socket={}", path("socket")), format!("--pid-file={}", path("pid"))])
            // A starting server removes all temporary tables in this directory, also those of a running server.
            .argument(format!("--tmpdir={}", directory.path().display()))
            .argument(format!("--innodb-flush-log-at-trx-commit={flush}"))
            .arguments(["--innodb-buffer-pool-size=256M", "--innodb-log-file-size=256M"])
            // Two hundred tests with pools of eight connections each.
            .arguments(["--max-connections=1000", "--table-open-cache=4000", "--performance-schema=OFF"])
            .arguments(["--character-set-server=utf8mb4", "--innodb-print-all-deadlocks=ON"])
            .arguments(as_root())
            .owning(directory.path());
        let mut server = Self { port, server: Some((Child::start(program), directory)) };
        server.wait_ready().await;
        server
    }

    /// Returns the server that all tests of this run share: the one in the environment, or one started by the first call.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<MariaDb> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async {
                match std::env::var(URL_VARIABLE) {
                    Ok(url) => Self { port: port_of(&url), server: None },
                    Err(_) => Self::start(Durability::EverySecond).await,
                }
            })
            .await
    }

    /// Returns the address, without a database.
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}", self.port)
    }

    /// Creates an empty database whose name begins with `name`.
    pub fn database(&self, name: &str) -> Database {
        let mut unique = format!("{name}_{}", uuid::Uuid::now_v7().simple());
        // Names have at most 64 characters. The random end must stay.
        if unique.len() > 64 {
            unique = unique.split_off(unique.len() - 64);
        }
        // The collation does not matter: each table names its own.
        self.execute(&format!("CREATE DATABASE `{unique}` CHARACTER SET utf8mb4"));
        Database { url: format!("{}/{unique}", self.url()), name: unique }
    }

    /// Runs a statement as root.
    pub fn execute(&self, sql: &str) {
        let mut connection = connect(&format!("{}/mysql", self.url())).expect("the server answers");
        sql_query(sql).execute(&mut connection).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Kills the server with SIGKILL.
    pub fn kill9(&mut self) {
        self.child().kill9();
    }

    /// Restarts the server with its data on the same port, and waits until it answers.
    pub async fn restart(&mut self) {
        self.child().restart();
        self.wait_ready().await;
    }

    /// Returns the process of the server.
    pub fn child(&mut self) -> &mut Child {
        &mut self.server.as_mut().expect("the shared server belongs to all tests; start an own server").0
    }

    async fn wait_ready(&mut self) {
        let url = format!("{}/mysql", self.url());
        let child = self.child();
        let mut ended = None;
        until("MariaDB to answer", START_TIMEOUT, || {
            ended = ended.take().or_else(|| child.check().err());
            let answer = match &ended {
                // Further waiting for an ended process would hide the reason.
                Some(error) => panic!("{error}"),
                None => connect(&url).map(drop),
            };
            async move { answer }
        })
        .await;
    }
}

/// A database of a server.
#[derive(Clone, Debug)]
pub struct Database {
    /// `mysql://root@127.0.0.1:PORT/NAME`
    pub url: String,
    /// The name.
    pub name: String,
}

impl Database {
    /// Opens a connection for the test itself.
    pub fn connect(&self) -> MysqlConnection {
        connect(&self.url).expect("the server answers")
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

fn connect(url: &str) -> anyhow::Result<MysqlConnection> {
    MysqlConnection::establish(url).with_context(|| url.to_owned())
}

fn install(directory: &TempDir) {
    let output = Command::new("mariadb-install-db")
        .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
        .args(as_root())
        .arg(format!("--datadir={}", directory.path().join("data").display()))
        // It starts a server, which removes the temporary tables of all others in its directory.
        .env("TMPDIR", directory.path())
        .output()
        .unwrap_or_else(|error| {
            panic!("mariadb-install-db: {error}; `deploy/dev test` installs missing packages")
        });
    assert!(output.status.success(), "mariadb-install-db: {}", String::from_utf8_lossy(&output.stdout));
}

/// Returns the argument that allows the server to run as root, if the test runs as root.
fn as_root() -> Option<&'static str> {
    rustix::process::geteuid().is_root().then_some("--user=root")
}

fn port_of(url: &str) -> u16 {
    let port = url.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
    port.unwrap_or_else(|| panic!("{URL_VARIABLE} must be mysql://root@127.0.0.1:PORT, not {url}"))
}
