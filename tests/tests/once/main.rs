//! Many creates while whoever works on them dies, again and again: each is done once, and everybody is told the truth.
//!
//! `GATEWAY_TEST_SEED` draws another schedule; `GATEWAY_TEST_LONG=1` is 60 deaths instead of 30.

// Helpers fail tests too.
#![allow(clippy::unwrap_used)]

mod callers;
mod deaths;
mod verdict;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_tests::client::access_key;
use gateway_tests::{Client, Cluster, Simulator, until};
use serde_json::{Value, json};

use callers::{Callers, Churn};
use deaths::Deaths;

const USUAL_SEED: u64 = 20_261_124;

/// The account that every simulated cloud has.
const ACCOUNT: (&str, &str) = ("demo", "demo-secret");

/// How long requests may take here; shorter than usual, so that outages show.
const REQUEST_TIMEOUT: u64 = 10;

/// What a run counts towards.
#[derive(Clone, Copy, Debug)]
struct Size {
    creates: usize,
    deaths: usize,
    /// Deaths between the journal and the reply, at least.
    in_the_middle: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_create_is_done_once_whoever_dies() {
    let start = Instant::now();
    let seed = std::env::var("GATEWAY_TEST_SEED").map_or(USUAL_SEED, |seed| seed.parse().expect("a number"));
    let size = match std::env::var_os("GATEWAY_TEST_LONG") {
        Some(_) => Size { creates: 200, deaths: 60, in_the_middle: 20 },
        None => Size { creates: 200, deaths: 30, in_the_middle: 5 },
    };
    say(&format!("once: seed {seed}, {size:?}"));
    // So many that the quotas, which follow from them, have room for the others.
    let simulator = Simulator::with(&["--instances=250", "--volumes=5", "--transit-seconds=0.5"]).await;
    let mut cluster = Cluster::plan("once")
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
    client.login(&[access_key("sim", ACCOUNT.0, ACCOUNT.1)]).await.expect("the proof is good");
    let order = order(&client).await;
    let position = client.list("instances", &[]).await.unwrap().position;

    let died = Arc::new(AtomicUsize::new(0));
    let churn = Churn::start(&client).await;
    let callers = Callers::start(&client, &order, size, Arc::clone(&died));
    let mut deaths = Deaths::new(seed);
    for number in 1..=size.deaths {
        let began = Instant::now();
        let death = deaths.next(&mut cluster).await;
        died.store(number, Ordering::SeqCst);
        say(&format!("once: {number:2} {death}: {:.1?}, {} creates told", began.elapsed(), callers.told()));
    }
    let told = callers.finish().await;
    drop(churn);
    say(&format!("once: {} creates told in {:.0?}: {:?}", told.len(), start.elapsed(), tally(&told)));
    let counts = verdict::judge(&client, &simulator, &cluster, position, &told, size).await;
    say(&format!("once: {counts}, {} deaths {:?}", size.deaths, deaths.counts()));
    let in_the_middle = deaths.in_the_middle();
    assert!(in_the_middle >= size.in_the_middle, "{in_the_middle} deaths between journal and reply");
    say(&format!(
        "once: seed {seed}, {in_the_middle} deaths between journal and reply, {:.0?} in all",
        start.elapsed()
    ));
}

/// How often callers had to ask.
fn tally(told: &[callers::Told]) -> String {
    let asked: usize = told.iter().map(|one| one.asked).sum();
    let unsure = told.iter().filter(|one| one.asked > 1).count();
    format!("{asked} requests, {unsure} creates asked for more than once")
}

/// A create of the smallest form, once everything is listed that it names.
async fn order(client: &Client) -> Value {
    until("the first listing", Duration::from_secs(60), || async {
        let types = client.list("instance_types", &[]).await?.items;
        let images = client.list("images", &[]).await?.items;
        let image = images.iter().find(|image| image["visibility"] == "public");
        let instances = client.list("instances", &[]).await?.items;
        // The smallest, for the account may have so many cores.
        let smallest = types.iter().min_by_key(|one| one["vcpus"].as_u64());
        ensure!(smallest.is_some() && image.is_some() && instances.len() >= 20, "not listed yet");
        Ok(json!({ "instance_type": smallest.unwrap()["id"], "image": image.unwrap()["id"] }))
    })
    .await
}

/// Tells it whether or not the test fails: the runner keeps what goes through `print`.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
