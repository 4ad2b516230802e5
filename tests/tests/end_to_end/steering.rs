//! A caller says how old its data may be: it gets that, by one listing however many ask, and nobody else waits.

use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::future::join_all;
use gateway_core::Timestamp;
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_tests::client::Listing;
use gateway_tests::{Client, Cluster, until};
use serde_json::json;

use crate::stage::{SOON, Stage};
use crate::truth::instance_listings;

/// Callers at once.
const MANY: usize = 100;

/// What one answer of the cloud takes: so slow that nobody can overlook who waits for it.
const SLOW: Duration = Duration::from_millis(1500);

/// How long plain readers are measured.
const MEASURED: Duration = Duration::from_secs(4);

const PLAIN_READERS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_who_want_new_data_share_one_listing_and_others_do_not_wait() {
    let stage = Stage::polled_once(Cluster::plan("steering").handlers(2).pollers(2)).await;
    let before = instance_listings(&stage.simulator).await;
    let alone = p99(read(&stage.client).await);
    slow(&stage).await;

    let answers = join_all((0..MANY).map(|_| wanted(&stage.client, "1s"))).await;
    assert_eq!(instance_listings(&stage.simulator).await - before, 1, "one listing for all");
    for (asked, listing) in answers {
        let as_of = as_of(&listing);
        assert!(as_of >= asked.minus(Duration::from_secs(1)), "{as_of} for what was asked at {asked}");
        assert_eq!(listing.scopes[0]["status"], "fresh", "{:?}", listing.scopes);
    }

    let waiting = async {
        let (begun, mut waves) = (Instant::now(), 0);
        while begun.elapsed() < MEASURED {
            join_all((0..MANY).map(|_| wanted(&stage.client, "0s"))).await;
            waves += 1;
        }
        waves
    };
    let (waves, readings) = tokio::join!(waiting, read(&stage.client));
    let beside = p99(readings);
    println!(
        "steering: {PLAIN_READERS} plain readers, p99 {:.1} ms alone, {:.1} ms beside {waves} waves of {MANY} who wait \
         {} ms for the cloud: {:.1} times",
        alone.as_secs_f64() * 1e3,
        beside.as_secs_f64() * 1e3,
        SLOW.as_millis(),
        beside.as_secs_f64() / alone.as_secs_f64(),
    );
    // Were they in one queue, readers would wait for the cloud too.
    assert!(beside < SLOW / 2, "plain readers waited {beside:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_had_anew_is_named_and_comes_again_by_itself() {
    let stage = Stage::polled_once(Cluster::plan("steering_fails").handlers(2).pollers(2)).await;
    stage.simulator.faults(json!([{ "fault": "server_error", "kind": "instance" }])).await;
    let begun = Instant::now();
    let (_, failed) = wanted(&stage.client, "0s").await;
    assert_eq!(failed.scopes[0]["status"], "failed", "{:?}", failed.scopes);
    assert!(failed.scopes[0]["reason"].is_string());
    assert!(begun.elapsed() < SOON, "nobody waits for what has failed");
    assert!(!failed.items.is_empty(), "what was known stays, with its age");
    stage.simulator.heal().await;
    until("a wish to be granted again", SOON, || async {
        let (asked, listing) = wanted(&stage.client, "0s").await;
        ensure!(as_of(&listing) >= asked, "{:?}", listing.scopes);
        Ok(())
    })
    .await;
    let refreshed = stage.client.request("POST".parse().unwrap(), "/v1/refresh?kind=volume").await.unwrap();
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    assert_eq!(refreshed.body["scopes"][0]["status"], "fresh", "{}", refreshed.body);
}

/// A page of instances no older than this, and when it was asked for.
async fn wanted(client: &Client, max_age: &str) -> (Timestamp, Listing) {
    let asked = SystemClock.now();
    (asked, client.page("instances", &[("max_age", max_age), ("limit", "5")]).await.unwrap())
}

fn as_of(listing: &Listing) -> Timestamp {
    Timestamp::parse(listing.scopes[0]["as_of"].as_str().unwrap()).unwrap()
}

async fn slow(stage: &Stage) {
    let ms = SLOW.as_millis();
    stage.simulator.faults(json!([{ "fault": "latency", "kind": "instance", "ms": ms }])).await;
}

/// How long plain reads take that readers make one after the other for a while.
async fn read(client: &Client) -> Vec<Duration> {
    let reader = async || {
        let (begun, mut took) = (Instant::now(), Vec::new());
        while begun.elapsed() < MEASURED {
            let one = Instant::now();
            client.page("instances", &[("limit", "5")]).await.unwrap();
            took.push(one.elapsed());
        }
        took
    };
    join_all((0..PLAIN_READERS).map(|_| reader())).await.concat()
}

fn p99(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() * 99 / 100]
}
