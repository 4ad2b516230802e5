//! The same request however often it comes: one answer, and one thing made.

use gateway_tests::Cluster;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{id_of, instance_order};
use crate::stage::{Stage, problem};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_requests_with_one_key_make_one_instance() {
    let stage = Stage::set(Cluster::plan("fifty").handlers(2)).await;
    let before = stage.client.list("instances", &[]).await.unwrap().items.len();
    let order = instance_order(&stage, "only-one").await;
    // Slow enough for all of them to come while the first is under way.
    stage.simulator.faults(json!([{ "fault": "latency", "ms": 500, "writes": true }])).await;
    let requests = (0..50).map(|_| stage.client.order(Method::POST, "/v1/instances", &order, Some("key-1")));
    let answers = futures_util::future::join_all(requests).await;
    let mut ids: Vec<_> = answers
        .into_iter()
        .map(|answer| {
            let answer = answer.unwrap();
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
            id_of(&answer)
        })
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let again = stage.client.order(Method::POST, "/v1/instances", &order, Some("key-1")).await.unwrap();
    assert_eq!(id_of(&again), ids[0], "also long after");
    stage.simulator.heal().await;
    let listing = stage.listed_again("instances").await;
    assert_eq!(listing.items.len(), before + 1);
    let stats = stage.simulator.control("GET", "stats", &json!(null)).await;
    assert_eq!(stats["requests"]["POST instances"], 1, "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_for_one_request() {
    let stage = Stage::set(Cluster::plan("key")).await;
    let order = instance_order(&stage, "first").await;
    let first = stage.client.order(Method::POST, "/v1/instances", &order, Some("key-2")).await.unwrap();
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let other = instance_order(&stage, "second").await;
    let refused = stage.client.order(Method::POST, "/v1/instances", &other, Some("key-2")).await.unwrap();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem(&refused.body), "key-of-another-request");
    assert_eq!(refused.body["operation"]["id"], first.body["operation"]["id"]);
    let bad = stage.client.order(Method::POST, "/v1/instances", &order, Some("two words")).await.unwrap();
    assert_eq!((bad.status, problem(&bad.body)), (StatusCode::BAD_REQUEST, "bad-key"));
    // A refusal by the cloud is an answer like any other, and comes again too.
    let id = id_of(&first);
    stage.simulator.faults(json!([{ "fault": "forbidden", "writes": true }])).await;
    let path = format!("/v1/instances/{id}");
    let refused = stage.client.order(Method::DELETE, &path, &json!({}), Some("key-3")).await.unwrap();
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    stage.simulator.heal().await;
    let again = stage.client.order(Method::DELETE, &path, &json!({}), Some("key-3")).await.unwrap();
    assert_eq!((again.status, problem(&again.body)), (StatusCode::FORBIDDEN, problem(&refused.body)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_that_asks_for_fewer_calls_is_asked_later() {
    let stage = Stage::set(Cluster::plan("later")).await;
    let order = instance_order(&stage, "patient").await;
    let busy = json!([{ "fault": "rate_limited", "retry_after_seconds": 1, "writes": true, "times": 2 }]);
    stage.simulator.faults(busy).await;
    // Not an answer that the key would have for good.
    let answer = stage.client.order(Method::POST, "/v1/instances", &order, Some("busy")).await.unwrap();
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let faults = stage.simulator.control("GET", "faults", &json!(null)).await;
    assert_eq!(faults[0]["struck"], 2, "{faults}");
    let listing = stage.listed_again("instances").await;
    assert_eq!(listing.items.iter().filter(|item| item["name"] == "patient").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_that_acts_and_fails_is_asked_no_second_time() {
    let stage = Stage::set(Cluster::plan("acts")).await;
    for (fault, name) in [("acts_then_fails", "after-500"), ("acts_then_closes", "after-nothing")] {
        let order = instance_order(&stage, name).await;
        stage.simulator.faults(json!([{ "fault": fault, "writes": true, "times": 1 }])).await;
        let answer = stage.client.order(Method::POST, "/v1/instances", &order, None).await.unwrap();
        assert_eq!(answer.status, StatusCode::CREATED, "{fault}: {}", answer.body);
        stage.simulator.heal().await;
        let listing = stage.listed_again("instances").await;
        let made = listing.items.iter().filter(|item| item["name"] == name).count();
        assert_eq!(made, 1, "{fault}");
    }
}
