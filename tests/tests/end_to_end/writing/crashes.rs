//! A handler that dies or freezes at each point of a write: what it began is ended by who comes after it, and done once.

use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_tests::cluster::Plan;
use gateway_tests::gateway::Gateway;
use gateway_tests::{Cluster, until};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{changes, instance_order};
use crate::stage::{SOON, Stage};

fn plan(name: &str) -> Plan {
    let plan = Cluster::plan(name);
    plan.set("operations.lease_seconds", 3).set("operations.settle_seconds", 2)
}

/// Waits until it is dead, and starts it again.
async fn comes_back(handler: &mut Gateway) {
    let begun = Instant::now();
    while handler.exit_status().is_none() {
        assert!(begun.elapsed() < SOON, "it does not die");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    handler.restart().await;
}

/// Orders an instance while the handler dies at that point, and counts what there is of it in the end.
async fn dies_at(point: &str) {
    let mut stage = Stage::set(plan(&point.replace('.', "-"))).await;
    let position = stage.client.list("instances", &[]).await.unwrap().position;
    let order = instance_order(&stage, "survivor").await;
    stage.cluster.handlers[0].restart_to_crash(point);
    let request = stage.client.order(Method::POST, "/v1/instances", &order, Some("survives"));
    let (answer, ()) = tokio::join!(request, comes_back(&mut stage.cluster.handlers[0]));
    let answer = answer.unwrap();
    let settled = match answer.status {
        StatusCode::CREATED => answer,
        // Not known, or not known in time: the same again.
        _ => {
            until("the answer", SOON, || async {
                let again =
                    stage.client.order(Method::POST, "/v1/instances", &order, Some("survives")).await?;
                ensure!(again.status == StatusCode::CREATED, "{} {}", again.status, again.body);
                Ok(again)
            })
            .await
        }
    };
    let id = super::id_of(&settled);
    let listing = stage.listed_again("instances").await;
    let made = listing.items.iter().filter(|item| item["name"] == "survivor").count();
    assert_eq!(made, 1, "{point}");
    let stats = stage.simulator.control("GET", "stats", &json!(null)).await;
    assert_eq!(stats["requests"]["POST instances"], 1, "{point}: {stats}");
    let created = changes(&stage, position, &id).await.iter().filter(|change| *change == "created").count();
    assert_eq!(created, 1, "{point}");
    let operations = stage.client.get("/v1/operations").await.unwrap();
    assert_eq!(operations["items"].as_array().unwrap().len(), 1, "{operations}");
    assert_eq!(operations["items"][0]["state"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_cloud_is_asked() {
    dies_at("operation.accepted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn just_before_the_cloud_is_asked() {
    dies_at("operation.sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_cloud_has_answered() {
    dies_at("operation.acted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_store_knows_what_was_done() {
    dies_at("operation.shown").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_only_the_answer_is_missing() {
    dies_at("operation.settled").await;
}

/// The call is under way when the handler is killed; the cloud does what it was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_cloud_is_asked() {
    let mut stage = Stage::set(plan("while-asked")).await;
    let order = instance_order(&stage, "half-way").await;
    stage.simulator.faults(json!([{ "fault": "late_answer", "ms": 3000, "writes": true, "times": 1 }])).await;
    let request = stage.client.order(Method::POST, "/v1/instances", &order, Some("half"));
    let simulator = &stage.simulator;
    let handlers = &mut stage.cluster.handlers;
    let kill = async {
        until("the cloud is asked", SOON, || async {
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
        let again = stage.client.order(Method::POST, "/v1/instances", &order, Some("half")).await?;
        ensure!(again.status == StatusCode::CREATED, "{} {}", again.status, again.body);
        Ok(super::id_of(&again))
    })
    .await;
    let listing = stage.listed_again("instances").await;
    let made: Vec<_> = listing.items.iter().filter(|item| item["name"] == "half-way").collect();
    assert_eq!((made.len(), made[0]["id"].as_str().unwrap()), (1, id.as_str()));
}

/// The handler is frozen once it has written down that it asks, for longer than its lease and all patience: another has
/// done it when it wakes, and it is not done again.
#[tokio::test(flavor = "multi_thread")]
async fn by_who_was_frozen_in_the_meantime() {
    let mut stage = Stage::set(plan("frozen").handlers(2)).await;
    let order = instance_order(&stage, "thawed").await;
    let [frozen, other] = &mut stage.cluster.handlers[..] else { panic!("two handlers") };
    other.kill9();
    frozen.restart_to_crash("freeze@operation.sent:2");
    frozen.wait_ready().await;
    // With this it has a token and a connection: it would send the next one as soon as it wakes.
    let warm = stage.client.order(Method::POST, "/v1/instances", &order, None).await.unwrap();
    assert_eq!(warm.status, StatusCode::CREATED, "{}", warm.body);
    // Whether it is answered, and by whom, is another matter.
    let client = stage.client.clone();
    tokio::spawn(async move { client.order(Method::POST, "/v1/instances", &order, Some("thaws")).await });
    until("it is frozen", SOON, || async {
        ensure!(frozen.is_paused(), "it runs");
        Ok(())
    })
    .await;
    other.restart().await;
    until("the other does it", SOON, || async {
        let operations = stage.client.get("/v1/operations").await?;
        ensure!(operations["items"][0]["state"] == "succeeded", "{operations}");
        Ok(())
    })
    .await;
    frozen.resume();
    frozen.wait_log("an operation was left to others", SOON).await;
    let stats = stage.simulator.control("GET", "stats", &json!(null)).await;
    assert_eq!(stats["requests"]["POST instances"], 2, "{stats}");
}
