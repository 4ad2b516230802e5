//! `bench accounts`: the cost of a request by the number of accounts of its caller, on MariaDB with RabbitMQ and on SQLite.
//!
//! One database holds 10,000 accounts. Three clients have grants for 10, 1,000 and 10,000 of them, and their requests
//! take turns, so that noise of the machine affects all alike.

mod fill;

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use gateway_tests::client::access_key;
use gateway_tests::{Client, Gateway, Settings, Simulator, TestCluster, cli, until};

use crate::callers::Caller as _;
use crate::http_client::{self, HttpCaller};
use crate::measurements::Measurements;

/// Accounts of the three clients.
const SIZES: [usize; 3] = [10, 1_000, 10_000];

/// Requests of each kind and client. The first reads the client's grants and targets, and is shown alone.
const REQUESTS: usize = 60;

/// The poll interval. Nothing changes during the measurement.
const IDLE_SECONDS: u64 = 100_000;

/// Measures all requests on both databases and prints a table of each.
pub(crate) async fn run() -> anyhow::Result<()> {
    let simulator = Simulator::with(&["--instances", "1", "--volumes", "0", "--networks", "0"]).await;
    for table in [on_mariadb(&simulator).await?, on_sqlite(&simulator).await?] {
        writeln!(std::io::stdout(), "{table}")?;
    }
    Ok(())
}

async fn on_mariadb(simulator: &Simulator) -> anyhow::Result<String> {
    let cluster = TestCluster::builder("accounts")
        .own_servers()
        .set("poller.interval_seconds", IDLE_SECONDS)
        .set("poller.moving_interval_seconds", IDLE_SECONDS)
        .set("poller.verify_seconds", IDLE_SECONDS)
        .start()
        .await;
    cluster.add_cloud("sim", "simulator", simulator.url(), &[]).await;
    let mut clients = Vec::new();
    for size in SIZES {
        clients.push(cluster.register_client(&format!("client-{size}")).await);
    }
    let mut connection = cluster.database.connect();
    measured("MariaDB and RabbitMQ", clients, |statement| {
        diesel::connection::SimpleConnection::batch_execute(&mut connection, statement).map_err(Into::into)
    })
    .await
}

async fn on_sqlite(simulator: &Simulator) -> anyhow::Result<String> {
    let directory = tempfile::Builder::new().prefix("gateway-bench-").tempdir()?;
    let file = |name: &str| directory.path().join(name).display().to_string();
    let settings = Settings::default()
        .with("database.url", format!("sqlite:{}", file("gateway.db")))
        .with("bus.url", "memory:")
        .with("keyring.file", file("keyring.json"))
        .with("poller.interval_seconds", IDLE_SECONDS)
        .with("poller.moving_interval_seconds", IDLE_SECONDS)
        .with("poller.verify_seconds", IDLE_SECONDS);
    cli::text(&settings, &["migrate"]).await;
    let add = ["cloud", "add", "sim", "--driver", "simulator", "--endpoint", simulator.url(), "--json"];
    cli::json(&settings, &add).await;
    let mut secrets = Vec::new();
    for size in SIZES {
        let name = format!("client-{size}");
        secrets.push(cli::json(&settings, &["client", "create", &name, "--json"]).await);
    }
    let gateway = Gateway::role("up", &settings).await;
    let text = |made: &serde_json::Value, member: &str| made[member].as_str().unwrap_or_default().to_owned();
    let clients = secrets
        .iter()
        .map(|made| Client::new(gateway.url(), &text(made, "client_id"), &text(made, "client_secret")));
    let mut connection = <diesel::SqliteConnection as diesel::Connection>::establish(&file("gateway.db"))?;
    diesel::connection::SimpleConnection::batch_execute(&mut connection, "PRAGMA busy_timeout = 30000")?;
    measured("SQLite", clients.collect(), |statement| {
        diesel::connection::SimpleConnection::batch_execute(&mut connection, statement).map_err(Into::into)
    })
    .await
}

/// Fills the database, measures, and returns a table.
async fn measured(
    database: &str,
    mut clients: Vec<Client>,
    mut execute: impl FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let dialect = if database == "SQLite" { fill::Dialect::Sqlite } else { fill::Dialect::Mysql };
    let mut tokens = Vec::new();
    for client in &mut clients {
        tokens.push(client.login(&[access_key("sim", "demo", "demo-secret")]).await?.token);
    }
    until("an instance to copy", Duration::from_secs(60), || async {
        let listing = clients[0].list("instances", &[]).await?;
        ensure!(!listing.items.is_empty(), "none");
        Ok(())
    })
    .await;
    eprintln!("{database}: filling");
    for statement in fill::statements(dialect, SIZES[SIZES.len() - 1]) {
        execute(&statement)?;
    }
    for (client, size) in clients.iter().zip(SIZES) {
        execute(&fill::grants(dialect, &client.id, size))?;
    }
    // The next requests find the new generation of each client.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let listing = clients[0].page("instances", &[("limit", "5")]).await?;
    let item = listing.items.last().and_then(|item| item["id"].as_str()).context("no instance")?.to_owned();
    let head = listing.position;
    let requests = [
        ("one item", format!("/v1/instances/{item}")),
        ("list of 100", "/v1/instances?limit=100".to_owned()),
        ("list of 100 by name", "/v1/instances?limit=100&sort=name".to_owned()),
        ("list by a filter that matches nothing", "/v1/instances?tag.none=1".to_owned()),
        ("events, from the start", "/v1/events?after=0&limit=100".to_owned()),
        ("events, at the head", format!("/v1/events?after={}&limit=100", (head - 10).max(0))),
        ("audit", "/v1/audit?limit=100".to_owned()),
        ("status", "/v1/status".to_owned()),
    ];
    let mut text = format!("{database}, median of {REQUESTS} requests in milliseconds:\n\n| request |");
    SIZES.iter().for_each(|size| _ = write!(text, " {size} accounts |"));
    text += " 1,000 / 10 | 10,000 / 10 |\n|---|---|---|---|---|---|\n";
    for (name, path) in requests {
        let medians = medians(&clients, &tokens, &path).await?;
        let _ = write!(text, "| {name} |");
        medians.iter().for_each(|median| _ = write!(text, " {median:.2} |"));
        let _ = writeln!(text, " {:.2} | {:.2} |", medians[1] / medians[0], medians[2] / medians[0]);
    }
    Ok(text)
}

/// Returns the median time of a request of each client, which take turns.
async fn medians(clients: &[Client], tokens: &[String], path: &str) -> anyhow::Result<Vec<f64>> {
    let mut callers = Vec::new();
    for (client, token) in clients.iter().zip(tokens) {
        let requests = http_client::requests(client.base(), token, &[path.to_owned()]);
        let mut caller = HttpCaller::connect(client.base(), &requests, 0).await?;
        caller.call().await?;
        callers.push((caller, Measurements::default()));
    }
    for _ in 0..REQUESTS {
        for (caller, times) in &mut callers {
            let begun = Instant::now();
            caller.call().await?;
            times.0.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(callers.iter().map(|(_, times)| times.median()).collect())
}
