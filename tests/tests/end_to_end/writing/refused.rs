//! What is refused, by whom, and in which words.

use gateway_tests::Cluster;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{id_of, instance_order, post, until_state};
use crate::stage::{Stage, problem};

fn pointers(body: &Value) -> Vec<&str> {
    body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_told_by_their_place_and_nothing_is_sent() {
    let stage = Stage::set(Cluster::plan("faults")).await;
    let writes = || async {
        let stats = stage.simulator.control("GET", "stats", &json!(null)).await;
        let requests = stats["requests"].as_object().unwrap().clone();
        requests.iter().filter(|(name, _)| name.starts_with("POST ") && *name != "POST /auth").count()
    };
    let order = instance_order(&stage, "x").await;
    let with = |name: &str, value: Value| {
        let mut order = order.clone();
        order[name] = value;
        order
    };
    let volume = stage.client.list("volumes", &[]).await.unwrap().items[0]["id"].clone();
    for (order, expected) in [
        (with("name", json!("")), vec!["/name"]),
        (with("image", volume), vec!["/image"]),
        (with("image", json!("7d0d7d90-0000-5000-8000-000000000000")), vec!["/image"]),
        (with("security_groups", json!(["no-id"])), vec!["/security_groups"]),
        (with("cloud", json!("elsewhere")), vec!["/cloud"]),
        (with("region", json!("elsewhere")), vec!["/region"]),
        (with("colour", json!("red")), vec!["/colour"]),
        (with("count", json!(1000)), vec!["/count"]),
    ] {
        let answer = post(&stage, "/v1/instances", &order).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{order}: {}", answer.body);
        assert_eq!(problem(&answer.body), "invalid-command");
        let found = pointers(&answer.body);
        assert!(found.len() == 1 && found[0].starts_with(expected[0]), "{order}: {}", answer.body);
    }
    let volume = stage.client.list("volumes", &[]).await.unwrap().items[0].clone();
    let path = format!("/v1/volumes/{}/actions/extend", volume["id"].as_str().unwrap());
    if volume["actions"].as_array().unwrap().contains(&json!("extend")) {
        let answer = post(&stage, &path, &json!({ "size_gib": 1 })).await;
        assert_eq!(pointers(&answer.body), ["/size_gib"], "{}", answer.body);
    }
    let answer = post(&stage, "/v1/instances", &json!([1])).await;
    assert_eq!((answer.status, problem(&answer.body)), (StatusCode::BAD_REQUEST, "not-json"));
    assert_eq!(writes().await, 0, "nothing was sent");
    assert_eq!(stage.client.get("/v1/operations").await.unwrap()["items"], json!([]), "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_now_or_not_ones_own_is_refused_before_the_cloud_is_asked() {
    let stage = Stage::with_cloud(Cluster::plan("allowed"), &["--transit-seconds", "0.2"]).await;
    let id = id_of(&post(&stage, "/v1/instances", &instance_order(&stage, "mine").await).await);
    until_state(&stage, &id, "running").await;
    let answer = post(&stage, &format!("/v1/instances/{id}/actions/start"), &json!({})).await;
    assert_eq!(
        (answer.status, problem(&answer.body)),
        (StatusCode::CONFLICT, "invalid-state"),
        "{}",
        answer.body
    );
    assert_eq!(answer.body["state"], "running");
    assert!(answer.body["actions"].as_array().unwrap().contains(&json!("stop")), "{}", answer.body);
    // Published by the cloud: everybody's to see, nobody's to change.
    let image = stage.public_image().await;
    assert_eq!(image["actions"], json!([]));
    let path = format!("/v1/images/{}", image["id"].as_str().unwrap());
    let answer = stage.client.order(Method::DELETE, &path, &json!({}), None).await.unwrap();
    assert_eq!((answer.status, problem(&answer.body)), (StatusCode::FORBIDDEN, "not-owner"));
    let stranger = stage.cluster.register_client("stranger").await;
    let mut stranger = stranger;
    stranger.login(&[]).await.ok();
    if stranger.token.is_some() {
        let path = format!("/v1/instances/{id}");
        let answer = stranger.order(Method::DELETE, &path, &json!({}), None).await.unwrap();
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    }
    let key = stage.client.order(Method::POST, "/v1/datacenters", &json!({}), None).await.unwrap();
    assert_eq!(key.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clouds_own_words_reach_who_asked() {
    let stage = Stage::with_cloud(Cluster::plan("words"), &["--transit-seconds", "0.1"]).await;
    let id = id_of(&post(&stage, "/v1/instances", &instance_order(&stage, "worded").await).await);
    until_state(&stage, &id, "running").await;
    stage.simulator.faults(json!([{ "fault": "forbidden", "writes": true, "times": 1 }])).await;
    let answer = post(&stage, &format!("/v1/instances/{id}/actions/stop"), &json!({})).await;
    assert_eq!((answer.status, problem(&answer.body)), (StatusCode::FORBIDDEN, "cloud-forbids"));
    assert!(answer.body["cloud"]["code"].is_string(), "{}", answer.body);
    assert!(!answer.body.to_string().contains("demo-secret"));
    let operation = answer.body["operation"]["link"].as_str().unwrap();
    let operation = stage.client.get(operation).await.unwrap();
    assert_eq!((&operation["state"], &operation["over"]), (&json!("failed"), &json!(true)));
    assert_eq!(operation["problem"]["cloud"], answer.body["cloud"]);
    assert_eq!(operation["status"], 403);
}
