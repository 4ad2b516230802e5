//! Handlers that crash or freeze at each point of a write: another handler takes over, and the command is executed once.

use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_tests::cluster::ClusterBuilder;
use gateway_tests::gateway::Gateway;
use gateway_tests::{TestCluster, until};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{changes, instance_command};
use crate::environment::{Environment, SOON};

fn builder(name: &str) -> ClusterBuilder {
    let builder = TestCluster::builder(name);
    builder.set("operations.lease_seconds", 3).set("operations.settle_seconds", 2)
}

/// Waits for the crash, and restarts the handler.
async fn wait_restart(handler: &mut Gateway) {
    let begun = Instant::now();
    while handler.exit_status().is_none() {
        assert!(begun.elapsed() < SOON, "the handler does not crash");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    handler.restart().await;
}

/// Creates an instance while the handler crashes at `point`. Asserts that one instance exists afterwards.
async fn create_with_crash_at(point: &str) {
    let mut env = Environment::start(builder(&point.replace('.', "-"))).await;
    let position = env.client.list("instances", &[]).await.unwrap().position;
    let command = instance_command(&env, "survivor").await;
    env.cluster.handlers[0].restart_to_crash(point);
    let request = env.client.send_command(Method::POST, "/v1/instances", &command, Some("survives"));
    let (answer, ()) = tokio::join!(request, wait_restart(&mut env.cluster.handlers[0]));
    let answer = answer.unwrap();
    let settled = match answer.status {
        StatusCode::CREATED => answer,
        // The result is unknown: the client repeats the request.
        _ => {
            until("the answer", SOON, || async {
                let again = env
                    .client
                    .send_command(Method::POST, "/v1/instances", &command, Some("survives"))
                    .await?;
                ensure!(again.status == StatusCode::CREATED, "{} {}", again.status, again.body);
                Ok(again)
            })
            .await
        }
    };
    let id = super::id_of(&settled);
    let listing = env.listed_again("instances").await;
    let made = listing.items.iter().filter(|item| item["name"] == "survivor").count();
    assert_eq!(made, 1, "{point}");
    let stats = env.simulator.control("GET", "stats", &json!(null)).await;
    assert_eq!(stats["requests"]["POST instances"], 1, "{point}: {stats}");
    let created = changes(&env, position, &id).await.iter().filter(|change| *change == "created").count();
    assert_eq!(created, 1, "{point}");
    let operations = env.client.get("/v1/operations").await.unwrap();
    assert_eq!(operations["items"].as_array().unwrap().len(), 1, "{operations}");
    assert_eq!(operations["items"][0]["state"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_before_request_creates_one_instance() {
    create_with_crash_at("operation.accepted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_right_before_request_creates_one_instance() {
    create_with_crash_at("operation.sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_after_answer_of_cloud_creates_one_instance() {
    create_with_crash_at("operation.acted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_after_write_to_store_creates_one_instance() {
    create_with_crash_at("operation.shown").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_before_reply_creates_one_instance() {
    create_with_crash_at("operation.settled").await;
}

/// The handler is killed during the request; the cloud executes it.
#[tokio::test(flavor = "multi_thread")]
async fn kill_during_request_creates_one_instance() {
    let mut env = Environment::start(builder("while-asked")).await;
    let command = instance_command(&env, "half-way").await;
    env.simulator.faults(json!([{ "fault": "late_answer", "ms": 3000, "writes": true, "times": 1 }])).await;
    let request = env.client.send_command(Method::POST, "/v1/instances", &command, Some("half"));
    let simulator = &env.simulator;
    let handlers = &mut env.cluster.handlers;
    let kill = async {
        until("the request to the cloud", SOON, || async {
            let faults = simulator.control("GET", "faults", &json!(null)).await;
            ensure!(faults[0]["struck"] == 1, "{faults}");
            Ok(())
        })
        .await;
        handlers[0].kill9();
        handlers[0].restart().await;
    };
    let (first, ()) = tokio::join!(request, kill);
    let first = first.unwrap();
    let id = until("the answer", SOON, || async {
        if first.status == StatusCode::CREATED {
            return Ok(super::id_of(&first));
        }
        let again = env.client.send_command(Method::POST, "/v1/instances", &command, Some("half")).await?;
        ensure!(again.status == StatusCode::CREATED, "{} {}", again.status, again.body);
        Ok(super::id_of(&again))
    })
    .await;
    let listing = env.listed_again("instances").await;
    let made: Vec<_> = listing.items.iter().filter(|item| item["name"] == "half-way").collect();
    assert_eq!((made.len(), made[0]["id"].as_str().unwrap()), (1, id.as_str()));
}

/// The handler freezes after it recorded the request, for longer than its lease. Another handler executes the create, and
/// the frozen one does not repeat it.
#[tokio::test(flavor = "multi_thread")]
async fn frozen_handler_does_not_repeat_create() {
    let mut env = Environment::start(builder("frozen").handlers(2)).await;
    let command = instance_command(&env, "thawed").await;
    let [frozen, other] = &mut env.cluster.handlers[..] else { panic!("two handlers") };
    other.kill9();
    frozen.restart_to_crash("freeze@operation.sent:2");
    frozen.wait_ready().await;
    // The first create gives the handler a session and a connection, so that it could send the next one at once.
    let warm = env.client.send_command(Method::POST, "/v1/instances", &command, None).await.unwrap();
    assert_eq!(warm.status, StatusCode::CREATED, "{}", warm.body);
    // The answer of this request does not matter.
    let client = env.client.clone();
    tokio::spawn(
        async move { client.send_command(Method::POST, "/v1/instances", &command, Some("thaws")).await },
    );
    until("the handler to freeze", SOON, || async {
        ensure!(frozen.is_paused(), "it is running");
        Ok(())
    })
    .await;
    other.restart().await;
    until("the other handler to execute it", SOON, || async {
        let operations = env.client.get("/v1/operations").await?;
        ensure!(operations["items"][0]["state"] == "succeeded", "{operations}");
        Ok(())
    })
    .await;
    frozen.resume();
    frozen.wait_log("operation is left to another process", SOON).await;
    let stats = env.simulator.control("GET", "stats", &json!(null)).await;
    assert_eq!(stats["requests"]["POST instances"], 2, "{stats}");
}
