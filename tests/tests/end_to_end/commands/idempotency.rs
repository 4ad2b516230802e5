//! Idempotency keys and retries: a repeated request is executed once.

use gateway_tests::TestCluster;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{id_of, instance_command};
use crate::environment::{Environment, problem_type};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_requests_with_one_key_create_one_instance() {
    let env = Environment::start(TestCluster::builder("fifty").handlers(2)).await;
    let before = env.client.list("instances", &[]).await.unwrap().items.len();
    let command = instance_command(&env, "only-one").await;
    // Slow enough for all requests to arrive while the first one runs.
    env.simulator.faults(json!([{ "fault": "latency", "ms": 500, "writes": true }])).await;
    let requests =
        (0..50).map(|_| env.client.send_command(Method::POST, "/v1/instances", &command, Some("key-1")));
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
    let again =
        env.client.send_command(Method::POST, "/v1/instances", &command, Some("key-1")).await.unwrap();
    assert_eq!(id_of(&again), ids[0], "also after the end");
    env.simulator.heal().await;
    let listing = env.listed_again("instances").await;
    assert_eq!(listing.items.len(), before + 1);
    let stats = env.simulator.control("GET", "stats", &json!(null)).await;
    assert_eq!(stats["requests"]["POST instances"], 1, "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotency_key_of_another_request_is_refused() {
    let env = Environment::start(TestCluster::builder("key")).await;
    let command = instance_command(&env, "first").await;
    let first =
        env.client.send_command(Method::POST, "/v1/instances", &command, Some("key-2")).await.unwrap();
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let other = instance_command(&env, "second").await;
    let refused =
        env.client.send_command(Method::POST, "/v1/instances", &other, Some("key-2")).await.unwrap();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem_type(&refused.body), "idempotency-key-reused");
    assert_eq!(refused.body["operation"]["id"], first.body["operation"]["id"]);
    let bad =
        env.client.send_command(Method::POST, "/v1/instances", &command, Some("two words")).await.unwrap();
    assert_eq!((bad.status, problem_type(&bad.body)), (StatusCode::BAD_REQUEST, "invalid-idempotency-key"));
    // A refusal by the cloud is stored under the key too.
    let id = id_of(&first);
    env.simulator.faults(json!([{ "fault": "forbidden", "writes": true }])).await;
    let path = format!("/v1/instances/{id}");
    let refused = env.client.send_command(Method::DELETE, &path, &json!({}), Some("key-3")).await.unwrap();
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    env.simulator.heal().await;
    let again = env.client.send_command(Method::DELETE, &path, &json!({}), Some("key-3")).await.unwrap();
    assert_eq!(
        (again.status, problem_type(&again.body)),
        (StatusCode::FORBIDDEN, problem_type(&refused.body))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limited_create_is_retried() {
    let env = Environment::start(TestCluster::builder("later")).await;
    let command = instance_command(&env, "patient").await;
    let busy = json!([{ "fault": "rate_limited", "retry_after_seconds": 1, "writes": true, "times": 2 }]);
    env.simulator.faults(busy).await;
    // A rate limit is not stored as the answer of the key.
    let answer =
        env.client.send_command(Method::POST, "/v1/instances", &command, Some("busy")).await.unwrap();
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let faults = env.simulator.control("GET", "faults", &json!(null)).await;
    assert_eq!(faults[0]["struck"], 2, "{faults}");
    let listing = env.listed_again("instances").await;
    assert_eq!(listing.items.iter().filter(|item| item["name"] == "patient").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn create_that_failed_after_acting_is_not_repeated() {
    let env = Environment::start(TestCluster::builder("acts")).await;
    for (fault, name) in [("acts_then_fails", "after-500"), ("acts_then_closes", "after-nothing")] {
        let command = instance_command(&env, name).await;
        env.simulator.faults(json!([{ "fault": fault, "writes": true, "times": 1 }])).await;
        let answer = env.client.send_command(Method::POST, "/v1/instances", &command, None).await.unwrap();
        assert_eq!(answer.status, StatusCode::CREATED, "{fault}: {}", answer.body);
        env.simulator.heal().await;
        let listing = env.listed_again("instances").await;
        let made = listing.items.iter().filter(|item| item["name"] == name).count();
        assert_eq!(made, 1, "{fault}");
    }
}
