//! The cost of an unchanged poll: a poll of 100,000 instances writes at most three rows and needs memory for one page.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::ensure;
use diesel::MysqlConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use gateway_tests::client::access_key;
use gateway_tests::{Simulator, TestCluster, until};

use crate::environment::{CLOUD, collections, fresh};

const INSTANCES: i64 = 100_000;

/// The first poll writes a record and an event for each, and the relay publishes them: minutes in a debug build on
/// two cores.
const FILL_TIMEOUT: Duration = Duration::from_secs(400);

const POLL_TIMEOUT: Duration = Duration::from_secs(120);

/// Claim, finish, and one more.
const MAX_ROWS: i64 = 3;

const MAX_MEMORY: u64 = 64 << 20;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unchanged_poll_of_100_000_instances_writes_at_most_three_rows() {
    let instances = INSTANCES.to_string();
    // Without networks, because network interfaces would double the first poll.
    let size = [
        ["--instances", &instances],
        ["--volumes", "1"],
        ["--images", "1"],
        ["--public-images", "1"],
        ["--networks", "0"],
    ]
    .concat();
    // An own server, because the counters are per server.
    let builder = TestCluster::builder("unchanged_poll")
        .own_servers()
        // The lease outlasts the poll on a busy machine: each renewal would write a row.
        .set("poller.lease_seconds", 600)
        .set("poller.interval_seconds", 3600)
        .set("poller.moving_interval_seconds", 3600);
    let (simulator, mut cluster) = tokio::join!(Simulator::with(&size), builder.start());
    cluster.add_cloud(CLOUD, "simulator", simulator.url(), &["--calls-per-second", "1000"]).await;
    let mut client = cluster.register_client("dashboard").await;
    client.login(&[access_key(CLOUD, "demo", "demo-secret")]).await.unwrap();
    let mut connection = cluster.database.connect();

    let begun = Instant::now();
    until("the first poll", FILL_TIMEOUT, || async {
        let scope = client.page("instances", &[("limit", "1")]).await?.scopes.swap_remove(0);
        ensure!(scope["status"] == "fresh", "{scope}");
        Ok(())
    })
    .await;
    println!("first poll: {INSTANCES} instances in {:.1?}", begun.elapsed());
    wait_published(&mut connection).await;
    println!("published:  after {:.1?}", begun.elapsed());
    // Instances are fresh already, and listing them takes long.
    for collection in collections().filter(|name| *name != "instances") {
        fresh(&client, collection).await;
    }
    let rows = "SELECT 'rows' AS name, COUNT(*) AS n FROM resources JOIN poll_targets ON target_id = poll_targets.id \
                WHERE kind = 'instance'";
    assert_eq!(number(&mut connection, rows), Some(INSTANCES));

    // A new process, so that the idle memory contains nothing of the first poll.
    let poller = &mut cluster.pollers[0];
    assert_eq!(tokio::task::block_in_place(|| poller.terminate()).code(), Some(0));
    poller.restart().await;
    wait_quiet(&mut connection).await;
    let (idle, due) = (poller.memory().resident_bytes, Instant::now());
    execute(&mut connection, "SET GLOBAL userstat = 1");
    execute(&mut connection, &format!("UPDATE poll_targets SET due_at = {DUE_SOON} WHERE kind = 'instance'"));
    poller.reset_peak_memory();
    execute(&mut connection, "FLUSH TABLE_STATISTICS");
    let (as_of, before) = (as_of(&mut connection), rows_written(&mut connection));
    until("the second poll", POLL_TIMEOUT, || {
        let (now, free) = (self::as_of(&mut connection), leases(&mut connection) == 0);
        async move {
            ensure!(now > as_of && free, "not listed yet");
            Ok(())
        }
    })
    .await;
    let after = rows_written(&mut connection);
    let peak = poller.memory().peak_bytes;
    let changed: BTreeMap<&str, i64> =
        after.iter().map(|(name, n)| (name.as_str(), n - before[name])).collect();
    let tables = tables(&mut connection);
    println!("second poll: within {:.1?}", due.elapsed());
    println!("rows:        {changed:?}, by table {tables:?}");
    println!("memory:      {} KiB idle, {} KiB at the peak", idle >> 10, peak >> 10);
    let total: i64 = changed.values().sum();
    assert!((1..=MAX_ROWS).contains(&total), "{changed:?}");
    // A clock is recorded by time and not by poll: on a busy machine that time may fall into this poll.
    assert!(
        tables.keys().all(|table| ["poll_targets", "cloud_clocks"].contains(&table.as_str())),
        "{tables:?}"
    );
    assert!(tables.contains_key("poll_targets"), "{tables:?}");
    assert!(peak - idle < MAX_MEMORY, "{} MiB above idle", (peak - idle) >> 20);
}

/// Two seconds from now on the database's clock, so that the counters are read before.
const DUE_SOON: &str = "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) + 2000000";

/// Waits until all events are numbered and confirmed.
async fn wait_published(connection: &mut MysqlConnection) {
    let waiting = "SELECT 'waiting' AS name, CAST((SELECT COUNT(*) FROM events WHERE position IS NULL) \
                   + (SELECT COALESCE(MAX(position), 0) FROM events) \
                   - (SELECT published FROM leaders WHERE name = 'relay') AS SIGNED) AS n";
    until("all events to be published", FILL_TIMEOUT, || {
        let left = number(connection, waiting);
        async move {
            ensure!(left == Some(0), "{left:?} wait");
            Ok(())
        }
    })
    .await;
}

/// Waits until the database is idle.
async fn wait_quiet(connection: &mut MysqlConnection) {
    let mut last = None;
    until("the database to be quiet", Duration::from_secs(30), || {
        let now = rows_written(connection);
        let same = last.replace(now.clone()) == Some(now);
        async move {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            ensure!(same, "still writing");
            Ok(())
        }
    })
    .await;
}

/// Returns the rows inserted, updated and deleted since the start of the server, without temporary tables.
fn rows_written(connection: &mut MysqlConnection) -> BTreeMap<String, i64> {
    let sql = "SELECT VARIABLE_NAME AS name, CAST(VARIABLE_VALUE AS SIGNED) AS n \
               FROM information_schema.GLOBAL_STATUS \
               WHERE VARIABLE_NAME IN ('HANDLER_WRITE', 'HANDLER_UPDATE', 'HANDLER_DELETE')";
    let all = numbers(connection, sql);
    assert_eq!(all.len(), 3, "{all:?}");
    all
}

/// Returns the number of changed rows by table.
fn tables(connection: &mut MysqlConnection) -> BTreeMap<String, i64> {
    let sql = "SELECT TABLE_NAME AS name, CAST(ROWS_CHANGED AS SIGNED) AS n \
               FROM information_schema.TABLE_STATISTICS \
               WHERE TABLE_SCHEMA = DATABASE() AND ROWS_CHANGED > 0";
    numbers(connection, sql)
}

fn as_of(connection: &mut MysqlConnection) -> Option<i64> {
    number(connection, "SELECT 'as_of' AS name, MAX(as_of) AS n FROM poll_targets WHERE kind = 'instance'")
}

fn leases(connection: &mut MysqlConnection) -> i64 {
    let sql = "SELECT 'leases' AS name, COUNT(*) AS n FROM poll_targets WHERE lease_until > 0";
    number(connection, sql).unwrap_or_default()
}

fn number(connection: &mut MysqlConnection, sql: &str) -> Option<i64> {
    numbers(connection, sql).into_values().next()
}

fn numbers(connection: &mut MysqlConnection, sql: &str) -> BTreeMap<String, i64> {
    let rows: Vec<Number> = diesel::sql_query(sql).load(connection).unwrap_or_else(|e| panic!("{sql}: {e}"));
    rows.into_iter().map(|row| (row.name, row.n)).collect()
}

fn execute(connection: &mut MysqlConnection, sql: &str) {
    diesel::sql_query(sql).execute(connection).unwrap_or_else(|error| panic!("{sql}: {error}"));
}
