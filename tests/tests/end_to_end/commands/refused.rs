//! Refused commands: invalid fields, wrong states, other owners, and errors of the cloud.

use gateway_tests::TestCluster;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{id_of, instance_command, post, until_state};
use crate::environment::{Environment, problem_type};

fn pointers(body: &Value) -> Vec<&str> {
    body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_command_names_fields_and_sends_nothing() {
    let env = Environment::start(TestCluster::builder("faults")).await;
    let writes = || async {
        let stats = env.simulator.control("GET", "stats", &json!(null)).await;
        let requests = stats["requests"].as_object().unwrap().clone();
        requests.iter().filter(|(name, _)| name.starts_with("POST ") && *name != "POST /auth").count()
    };
    let command = instance_command(&env, "x").await;
    let with = |name: &str, value: Value| {
        let mut command = command.clone();
        command[name] = value;
        command
    };
    let volume = env.client.list("volumes", &[]).await.unwrap().items[0]["id"].clone();
    for (command, expected) in [
        (with("name", json!("")), vec!["/name"]),
        (with("image", volume), vec!["/image"]),
        (with("image", json!("7d0d7d90-0000-5000-8000-000000000000")), vec!["/image"]),
        (with("security_groups", json!(["no-id"])), vec!["/security_groups"]),
        (with("cloud", json!("elsewhere")), vec!["/cloud"]),
        (with("region", json!("elsewhere")), vec!["/region"]),
        (with("colour", json!("red")), vec!["/colour"]),
        (with("count", json!(1000)), vec!["/count"]),
    ] {
        let answer = post(&env, "/v1/instances", &command).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{command}: {}", answer.body);
        assert_eq!(problem_type(&answer.body), "invalid-command");
        let found = pointers(&answer.body);
        assert!(found.len() == 1 && found[0].starts_with(expected[0]), "{command}: {}", answer.body);
    }
    let volume = env.client.list("volumes", &[]).await.unwrap().items[0].clone();
    let path = format!("/v1/volumes/{}/actions/extend", volume["id"].as_str().unwrap());
    if volume["actions"].as_array().unwrap().contains(&json!("extend")) {
        let answer = post(&env, &path, &json!({ "size_gib": 1 })).await;
        assert_eq!(pointers(&answer.body), ["/size_gib"], "{}", answer.body);
    }
    let answer = post(&env, "/v1/instances", &json!([1])).await;
    assert_eq!((answer.status, problem_type(&answer.body)), (StatusCode::BAD_REQUEST, "not-json"));
    assert_eq!(writes().await, 0, "nothing was sent");
    assert_eq!(
        env.client.get("/v1/operations").await.unwrap()["items"],
        json!([]),
        "no operation was created"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn command_in_wrong_state_or_by_non_owner_is_refused() {
    let env = Environment::with_cloud(TestCluster::builder("allowed"), &["--transit-seconds", "0.2"]).await;
    let id = id_of(&post(&env, "/v1/instances", &instance_command(&env, "mine").await).await);
    until_state(&env, &id, "running").await;
    let answer = post(&env, &format!("/v1/instances/{id}/actions/start"), &json!({})).await;
    assert_eq!(
        (answer.status, problem_type(&answer.body)),
        (StatusCode::CONFLICT, "invalid-state"),
        "{}",
        answer.body
    );
    assert_eq!(answer.body["state"], "running");
    assert!(answer.body["actions"].as_array().unwrap().contains(&json!("stop")), "{}", answer.body);
    // A published image is visible to all and changeable by none.
    let image = env.public_image().await;
    assert_eq!(image["actions"], json!([]));
    let path = format!("/v1/images/{}", image["id"].as_str().unwrap());
    let answer = env.client.send_command(Method::DELETE, &path, &json!({}), None).await.unwrap();
    assert_eq!((answer.status, problem_type(&answer.body)), (StatusCode::FORBIDDEN, "not-owner"));
    let stranger = env.cluster.register_client("stranger").await;
    let mut stranger = stranger;
    stranger.login(&[]).await.ok();
    if stranger.token.is_some() {
        let path = format!("/v1/instances/{id}");
        let answer = stranger.send_command(Method::DELETE, &path, &json!({}), None).await.unwrap();
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    }
    let key = env.client.send_command(Method::POST, "/v1/datacenters", &json!({}), None).await.unwrap();
    assert_eq!(key.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(flavor = "multi_thread")]
async fn cloud_error_of_command_is_returned() {
    let env =
        Environment::with_cloud(TestCluster::builder("cloud_error"), &["--transit-seconds", "0.1"]).await;
    let id = id_of(&post(&env, "/v1/instances", &instance_command(&env, "worded").await).await);
    until_state(&env, &id, "running").await;
    env.simulator.faults(json!([{ "fault": "forbidden", "writes": true, "times": 1 }])).await;
    let answer = post(&env, &format!("/v1/instances/{id}/actions/stop"), &json!({})).await;
    assert_eq!((answer.status, problem_type(&answer.body)), (StatusCode::FORBIDDEN, "cloud-forbids"));
    assert!(answer.body["cloud"]["code"].is_string(), "{}", answer.body);
    assert!(!answer.body.to_string().contains("demo-secret"));
    let operation = answer.body["operation"]["link"].as_str().unwrap();
    let operation = env.client.get(operation).await.unwrap();
    assert_eq!((&operation["state"], &operation["over"]), (&json!("failed"), &json!(true)));
    assert_eq!(operation["problem"]["cloud"], answer.body["cloud"]);
    assert_eq!(operation["status"], 403);
}
