//! Shutdown by SIGTERM: requests in flight are answered, leases are released, and processes exit with 0.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_tests::client::Answer;
use gateway_tests::{Gateway, TestCluster, until};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::environment::{Environment, SOON, demo_credential};
use crate::simulator_api;

/// The duration of a slow credential check.
const SLOW: Duration = Duration::from_millis(2500);

/// The longest shutdown without long work, in a debug build on busy cores.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_front_answers_requests_in_flight() {
    let mut env = Environment::start(TestCluster::builder("shutdown_front")).await;
    let asked = in_flight(&env, 3).await;
    let status = terminate(&mut env.cluster.front);
    answered(asked).await;
    assert_eq!(status.code(), Some(0));
    assert!(env.client.get("/v1/clouds").await.is_err(), "the front accepts no more requests");
    env.simulator.heal().await;
    for role in env.cluster.handlers.iter_mut().chain(&mut env.cluster.pollers) {
        assert_eq!(terminate(role).code(), Some(0));
    }
    assert_eq!(terminate(&mut env.cluster.relay).code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_handler_answers_requests_in_flight() {
    let mut env = Environment::start(TestCluster::builder("shutdown_handler")).await;
    let asked = in_flight(&env, 3).await;
    let status = terminate(&mut env.cluster.handlers[0]);
    answered(asked).await;
    assert_eq!(status.code(), Some(0));
    env.simulator.heal().await;

    // A request without a handler waits in the queue for the next handler.
    let client = env.client.clone();
    let waiting = tokio::spawn(async move { client.get("/v1/clouds").await });
    env.cluster.handlers[0].restart().await;
    waiting.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_poller_releases_leases() {
    let builder = TestCluster::builder("shutdown_poller").set("poller.lease_seconds", 90);
    let mut env = Environment::start(builder).await;
    // The listing hangs: it cannot finish a page before the poller must end.
    let hang = json!([{"fault": "latency", "ms": 50_000, "kind": "instance", "times": 1}]);
    env.simulator.faults(hang).await;
    simulator_api::wait_fault(&env.simulator, 1).await;
    let before = env.client.page("instances", &[("limit", "1")]).await.unwrap().scopes;
    let second = Gateway::role("poller", &env.cluster.settings).await;
    assert_eq!(terminate(&mut env.cluster.pollers[0]).code(), Some(0));
    let released = Instant::now();
    until("another poller to list", SOON, || async {
        let after = env.client.page("instances", &[("limit", "1")]).await?.scopes;
        ensure!(after[0]["as_of"] != before[0]["as_of"] && after[0]["status"] == "fresh", "{after:?}");
        Ok(())
    })
    .await;
    let taken_over = released.elapsed();
    assert!(taken_over < Duration::from_secs(15), "{taken_over:?} of a lease of 90 s");
    drop(second);
}

/// Sends slow credential checks. Returns when the cloud has received them.
async fn in_flight(env: &Environment, count: u64) -> Vec<JoinHandle<anyhow::Result<Answer>>> {
    let slow = json!([{"fault": "latency", "ms": SLOW.as_millis() as u64, "path": "/auth"}]);
    env.simulator.faults(slow).await;
    let ask = |_| {
        let client = env.client.clone();
        tokio::spawn(async move { client.check_credentials(&[demo_credential()]).await })
    };
    let asked = (0..count).map(ask).collect();
    simulator_api::wait_fault(&env.simulator, count).await;
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
    assert!(begun.elapsed() < ENDS_WITHIN, "{:?} to end", begun.elapsed());
    status
}
