//! What costs nothing: a poll of 100,000 instances that have not changed writes next to no row, and takes memory
//! by the page.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::ensure;
use diesel::MysqlConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use gateway_tests::client::access_key;
use gateway_tests::{Cluster, Simulator, until};

use crate::stage::{CLOUD, collections, fresh};

const INSTANCES: i64 = 100_000;

/// The first poll writes a record and an event for each, the relay numbers and publishes them: minutes in a debug
/// build on two cores.
const FILLED: Duration = Duration::from_secs(400);

const POLLED: Duration = Duration::from_secs(120);

/// Claim and finish, and one more.
const MOST_ROWS: i64 = 3;

const MOST_MEMORY: u64 = 64 << 20;

#[derive(QueryableByName)]
struct Figure {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_poll_of_100_000_writes_three_rows_at_most() {
    let instances = INSTANCES.to_string();
    // Without networks: interfaces would be as many again, and only of instances is the second poll counted.
    let size = [
        ["--instances", &instances],
        ["--volumes", "1"],
        ["--images", "1"],
        ["--public-images", "1"],
        ["--networks", "0"],
    ]
    .concat();
    // The server is the test's own, because its counters are the server's.
    let plan = Cluster::plan("unchanged")
        .own_servers()
        // A lease that outlasts the poll on a machine as busy as may be: each renewal would be a row more.
        .set("poller.lease_seconds", 600)
        .set("poller.interval_seconds", 3600)
        .set("poller.moving_interval_seconds", 3600);
    let (simulator, mut cluster) = tokio::join!(Simulator::with(&size), plan.start());
    cluster.add_cloud(CLOUD, "simulator", simulator.url(), &["--calls-per-second", "1000"]).await;
    let mut client = cluster.register_client("dashboard").await;
    client.login(&[access_key(CLOUD, "demo", "demo-secret")]).await.unwrap();
    let mut connection = cluster.database.connect();

    let begun = Instant::now();
    until("the first poll", FILLED, || async {
        let scope = client.page("instances", &[("limit", "1")]).await?.scopes.swap_remove(0);
        ensure!(scope["status"] == "fresh", "{scope}");
        Ok(())
    })
    .await;
    println!("first poll: {INSTANCES} instances in {:.1?}", begun.elapsed());
    published(&mut connection).await;
    println!("published:  after {:.1?}", begun.elapsed());
    // Those are fresh, and to list them all takes as long again.
    for collection in collections().filter(|name| *name != "instances") {
        fresh(&client, collection).await;
    }
    let rows = "SELECT 'rows' AS name, COUNT(*) AS n FROM resources JOIN poll_targets ON target_id = poll_targets.id \
                WHERE kind = 'instance'";
    assert_eq!(figure(&mut connection, rows), Some(INSTANCES));

    // A fresh process, so that idle is what it says: nothing is left over from the first poll.
    let poller = &mut cluster.pollers[0];
    assert_eq!(tokio::task::block_in_place(|| poller.terminate()).code(), Some(0));
    poller.restart().await;
    settled(&mut connection).await;
    let (idle, due) = (poller.memory().resident_bytes, Instant::now());
    execute(&mut connection, "SET GLOBAL userstat = 1");
    execute(&mut connection, &format!("UPDATE poll_targets SET due_at = {SOON_DUE} WHERE kind = 'instance'"));
    poller.reset_peak_memory();
    execute(&mut connection, "FLUSH TABLE_STATISTICS");
    let (as_of, before) = (as_of(&mut connection), rows_written(&mut connection));
    until("the second poll", POLLED, || {
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
    println!("memory:      {} KiB idle, {} KiB at its peak", idle >> 10, peak >> 10);
    let total: i64 = changed.values().sum();
    assert!((1..=MOST_ROWS).contains(&total), "{changed:?}");
    assert_eq!(tables.keys().collect::<Vec<_>>(), ["poll_targets"], "{tables:?}");
    assert!(peak - idle < MOST_MEMORY, "{} MiB above idle", (peak - idle) >> 20);
}

/// Two seconds from now on the database's clock: the counters are read before.
const SOON_DUE: &str = "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) + 2000000";

/// Waits until no event waits for its number or its confirm.
async fn published(connection: &mut MysqlConnection) {
    let waiting = "SELECT 'waiting' AS name, CAST((SELECT COUNT(*) FROM events WHERE position IS NULL) \
                   + (SELECT COALESCE(MAX(position), 0) FROM events) \
                   - (SELECT published FROM leaders WHERE name = 'relay') AS SIGNED) AS n";
    until("all events to be published", FILLED, || {
        let left = figure(connection, waiting);
        async move {
            ensure!(left == Some(0), "{left:?} wait");
            Ok(())
        }
    })
    .await;
}

/// Waits until nothing is written any more.
async fn settled(connection: &mut MysqlConnection) {
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

/// Rows inserted, updated and deleted through the storage engine since the server's start. The engine's own
/// counters of them are gone from MariaDB 10.11; these leave temporary tables out, as those did.
fn rows_written(connection: &mut MysqlConnection) -> BTreeMap<String, i64> {
    let sql = "SELECT VARIABLE_NAME AS name, CAST(VARIABLE_VALUE AS SIGNED) AS n \
               FROM information_schema.GLOBAL_STATUS \
               WHERE VARIABLE_NAME IN ('HANDLER_WRITE', 'HANDLER_UPDATE', 'HANDLER_DELETE')";
    let all = figures(connection, sql);
    assert_eq!(all.len(), 3, "{all:?}");
    all
}

/// The gateway's tables in which rows were changed, with how many.
fn tables(connection: &mut MysqlConnection) -> BTreeMap<String, i64> {
    let sql = "SELECT TABLE_NAME AS name, CAST(ROWS_CHANGED AS SIGNED) AS n \
               FROM information_schema.TABLE_STATISTICS \
               WHERE TABLE_SCHEMA = DATABASE() AND ROWS_CHANGED > 0";
    figures(connection, sql)
}

fn as_of(connection: &mut MysqlConnection) -> Option<i64> {
    figure(connection, "SELECT 'as_of' AS name, MAX(as_of) AS n FROM poll_targets WHERE kind = 'instance'")
}

fn leases(connection: &mut MysqlConnection) -> i64 {
    let sql = "SELECT 'leases' AS name, COUNT(*) AS n FROM poll_targets WHERE lease_until > 0";
    figure(connection, sql).unwrap_or_default()
}

fn figure(connection: &mut MysqlConnection, sql: &str) -> Option<i64> {
    figures(connection, sql).into_values().next()
}

fn figures(connection: &mut MysqlConnection, sql: &str) -> BTreeMap<String, i64> {
    let rows: Vec<Figure> = diesel::sql_query(sql).load(connection).unwrap_or_else(|e| panic!("{sql}: {e}"));
    rows.into_iter().map(|row| (row.name, row.n)).collect()
}

fn execute(connection: &mut MysqlConnection, sql: &str) {
    diesel::sql_query(sql).execute(connection).unwrap_or_else(|error| panic!("{sql}: {error}"));
}
