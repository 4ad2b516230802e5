//! Many creates while processes and servers are killed: each create is executed once and each client gets its result.
//!
//! `GATEWAY_TEST_SEED` sets the seed; `GATEWAY_TEST_LONG=1` gives 60 kills instead of 30.

// Helpers of tests may panic too.
#![allow(clippy::unwrap_used)]

mod callers;
mod consistency;
mod kills;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_tests::client::access_key;
use gateway_tests::{Client, Simulator, TestCluster, until};
use serde_json::{Value, json};

use callers::{Callers, Churn};
use kills::Kills;

const DEFAULT_SEED: u64 = 20_261_124;

/// The default account of the simulated cloud.
const ACCOUNT: (&str, &str) = ("demo", "demo-secret");

/// The request timeout; shorter than usual, so that outages show.
const REQUEST_TIMEOUT: u64 = 10;

/// The size of a run.
#[derive(Clone, Copy, Debug)]
struct Size {
    creates: usize,
    kills: usize,
    /// The least number of kills between journal and reply.
    before_reply: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_create_is_executed_once_under_kills() {
    let start = Instant::now();
    let seed =
        std::env::var("GATEWAY_TEST_SEED").map_or(DEFAULT_SEED, |seed| seed.parse().expect("a number"));
    let size = match std::env::var_os("GATEWAY_TEST_LONG") {
        Some(_) => Size { creates: 200, kills: 60, before_reply: 20 },
        None => Size { creates: 200, kills: 30, before_reply: 5 },
    };
    print(&format!("once: seed {seed}, {size:?}"));
    // Quotas grow with the fleet: this many leave room for the creates.
    let simulator = Simulator::with(&["--instances=250", "--volumes=5", "--transit-seconds=0.5"]).await;
    let mut cluster = TestCluster::builder("once")
        .own_servers()
        .handlers(2)
        .set("poller.interval_seconds", 2)
        .set("poller.moving_interval_seconds", 1)
        .set("poller.max_backoff_seconds", 4)
        .set("poller.lease_seconds", 10)
        .set("relay.lease_seconds", 3)
        .set("operations.lease_seconds", 3)
        .set("operations.settle_seconds", 3)
        .set("front.request_timeout_seconds", REQUEST_TIMEOUT)
        .start()
        .await;
    cluster.add_cloud("sim", "simulator", simulator.url(), &["--calls-per-second=1000"]).await;
    let mut client = cluster.register_client("maker").await;
    client.login(&[access_key("sim", ACCOUNT.0, ACCOUNT.1)]).await.expect("the credential is valid");
    let command = command(&client).await;
    let position = client.list("instances", &[]).await.unwrap().position;

    let killed = Arc::new(AtomicUsize::new(0));
    let churn = Churn::start(&client).await;
    let callers = Callers::start(&client, &command, size, Arc::clone(&killed));
    let mut kills = Kills::new(seed);
    for number in 1..=size.kills {
        let began = Instant::now();
        let kill = kills.next(&mut cluster).await;
        killed.store(number, Ordering::SeqCst);
        print(&format!(
            "once: {number:2} {kill}: {:.1?}, {} creates done",
            began.elapsed(),
            callers.created()
        ));
    }
    let created = callers.finish().await;
    drop(churn);
    print(&format!(
        "once: {} creates done in {:.0?}: {:?}",
        created.len(),
        start.elapsed(),
        request_counts(&created)
    ));
    let counts = consistency::check(&client, &simulator, &cluster, position, &created, size).await;
    print(&format!("once: {counts}, {} kills {:?}", size.kills, kills.counts()));
    let before_reply = kills.before_reply();
    assert!(before_reply >= size.before_reply, "{before_reply} kills between journal and reply");
    print(&format!(
        "once: seed {seed}, {before_reply} kills between journal and reply, {:.0?} in all",
        start.elapsed()
    ));
}

/// Returns the number of requests as text.
fn request_counts(created: &[callers::Created]) -> String {
    let requests: usize = created.iter().map(|one| one.requests).sum();
    let repeated = created.iter().filter(|one| one.requests > 1).count();
    format!("{requests} requests, {repeated} creates sent more than once")
}

/// Returns a create of the smallest instance, once its image and type are listed.
async fn command(client: &Client) -> Value {
    until("the first listing", Duration::from_secs(60), || async {
        let types = client.list("instance_types", &[]).await?.items;
        let images = client.list("images", &[]).await?.items;
        let image = images.iter().find(|image| image["visibility"] == "public");
        let instances = client.list("instances", &[]).await?.items;
        // The smallest type uses the least quota.
        let smallest = types.iter().min_by_key(|one| one["vcpus"].as_u64());
        ensure!(smallest.is_some() && image.is_some() && instances.len() >= 20, "not listed yet");
        Ok(json!({ "instance_type": smallest.unwrap()["id"], "image": image.unwrap()["id"] }))
    })
    .await
}

/// Writes to standard error directly: the test runner captures `print!` of passed tests.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
