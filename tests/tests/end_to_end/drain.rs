//! SIGTERM: requests in flight are answered, leases given back, and everything ends with 0 within seconds.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_tests::client::Answer;
use gateway_tests::{Cluster, Gateway, until};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::stage::{SOON, Stage, demo};
use crate::truth;

/// Long enough to be in the middle of it, short enough to wait for.
const SLOW: Duration = Duration::from_millis(2500);

/// A process that has nothing long in hand ends within this, in a debug build on busy cores.
const SECONDS: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_front_answers_what_is_in_flight_and_ends() {
    let mut stage = Stage::set(Cluster::plan("drain_front")).await;
    let asked = in_flight(&stage, 3).await;
    let status = terminate(&mut stage.cluster.front);
    answered(asked).await;
    assert_eq!(status.code(), Some(0));
    assert!(stage.client.get("/v1/clouds").await.is_err(), "it takes no more");
    stage.simulator.heal().await;
    for role in stage.cluster.handlers.iter_mut().chain(&mut stage.cluster.pollers) {
        assert_eq!(terminate(role).code(), Some(0));
    }
    assert_eq!(terminate(&mut stage.cluster.relay).code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_finishes_what_it_has_in_hand_and_leaves_the_rest_to_others() {
    let mut stage = Stage::set(Cluster::plan("drain_handler")).await;
    let asked = in_flight(&stage, 3).await;
    let status = terminate(&mut stage.cluster.handlers[0]);
    answered(asked).await;
    assert_eq!(status.code(), Some(0));
    stage.simulator.heal().await;

    // What is asked while nobody is there waits in the queue for the next.
    let client = stage.client.clone();
    let waiting = tokio::spawn(async move { client.get("/v1/clouds").await });
    stage.cluster.handlers[0].restart().await;
    waiting.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poller_gives_its_leases_back() {
    let plan = Cluster::plan("drain_poller").set("poller.lease_seconds", 90);
    let mut stage = Stage::set(plan).await;
    // The whole of a listing hangs: it cannot come to the end of its page in the time that a poller has left.
    let hang = json!([{"fault": "latency", "ms": 50_000, "kind": "instance", "times": 1}]);
    stage.simulator.faults(hang).await;
    truth::struck(&stage.simulator, 1).await;
    let before = stage.client.page("instances", &[("limit", "1")]).await.unwrap().scopes;
    let second = Gateway::role("poller", &stage.cluster.settings).await;
    assert_eq!(terminate(&mut stage.cluster.pollers[0]).code(), Some(0));
    let given_back = Instant::now();
    until("another poller to list", SOON, || async {
        let after = stage.client.page("instances", &[("limit", "1")]).await?.scopes;
        ensure!(after[0]["as_of"] != before[0]["as_of"] && after[0]["status"] == "fresh", "{after:?}");
        Ok(())
    })
    .await;
    let taken_over = given_back.elapsed();
    assert!(taken_over < Duration::from_secs(15), "{taken_over:?} of a lease of 90 s");
    drop(second);
}

/// Sends proofs that take their time, and returns when the cloud has them in hand.
async fn in_flight(stage: &Stage, count: u64) -> Vec<JoinHandle<anyhow::Result<Answer>>> {
    let slow = json!([{"fault": "latency", "ms": SLOW.as_millis() as u64, "path": "/auth"}]);
    stage.simulator.faults(slow).await;
    let ask = |_| {
        let client = stage.client.clone();
        tokio::spawn(async move { client.check_credentials(&[demo()]).await })
    };
    let asked = (0..count).map(ask).collect();
    truth::struck(&stage.simulator, count).await;
    asked
}

async fn answered(asked: Vec<JoinHandle<anyhow::Result<Answer>>>) {
    for one in asked {
        let answer = one.await.unwrap().unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
}

fn terminate(role: &mut Gateway) -> ExitStatus {
    let begun = Instant::now();
    let status = tokio::task::block_in_place(|| role.terminate());
    assert!(begun.elapsed() < SECONDS, "{:?} to end", begun.elapsed());
    status
}
