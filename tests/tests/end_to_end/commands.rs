//! Commands on resources: life cycles, bulk commands, asynchronous answers, and timeouts.

mod database_outage;
mod handler_crashes;
mod idempotency;
mod random_commands;
mod refused;

use anyhow::{Context as _, ensure};
use gateway_tests::client::Answer;
use gateway_tests::{TestCluster, until};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::environment::{Environment, SOON};

/// Returns a create of the smallest instance.
async fn instance_command(env: &Environment, name: &str) -> Value {
    let image = env.public_image().await;
    let instance_type = env.smallest_type(&image).await;
    json!({ "name": name, "instance_type": instance_type["id"], "image": image["id"] })
}

async fn post(env: &Environment, path: &str, body: &Value) -> Answer {
    env.client.send_command(Method::POST, path, body, None).await.unwrap()
}

fn id_of(answer: &Answer) -> String {
    let id = answer.body["resources"][0]["id"].as_str();
    id.unwrap_or_else(|| panic!("{} {}", answer.status, answer.body)).to_owned()
}

async fn state_of(env: &Environment, id: &str) -> anyhow::Result<String> {
    let item = env.client.get(&format!("/v1/instances/{id}")).await?;
    Ok(item["state"].as_str().context("no state")?.to_owned())
}

async fn until_state(env: &Environment, id: &str, wanted: &str) {
    until(wanted, SOON, || async {
        let state = state_of(env, id).await?;
        ensure!(state == wanted, "it is {state}");
        Ok(())
    })
    .await;
}

/// Returns the kinds of events of a resource, in order.
async fn changes(env: &Environment, position: i64, id: &str) -> Vec<String> {
    let events = env.client.events(position).await.unwrap();
    let of_it = events.iter().filter(|event| event["subject"] == *id);
    of_it.map(|event| event["type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn instance_life_cycle_is_visible_at_once() {
    let env = Environment::with_cloud(TestCluster::builder("life"), &["--transit-seconds", "0.3"]).await;
    let position = env.client.list("instances", &[]).await.unwrap().position;
    let mut command = instance_command(&env, "made-here").await;
    command["tags"] = json!({ "tier": "front" });
    let made = post(&env, "/v1/instances", &command).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let id = id_of(&made);
    assert_eq!(made.headers["location"], format!("/v1/instances/{id}"));
    assert_eq!(made.body["operation"]["state"], "succeeded");
    // The instance is visible at once, without the marker of the gateway.
    let seen = env.client.get(&format!("/v1/instances/{id}")).await.unwrap();
    assert_eq!((&seen["name"], &seen["tags"]), (&json!("made-here"), &json!({ "tier": "front" })));
    until_state(&env, &id, "running").await;
    let actions = env.client.get(&format!("/v1/instances/{id}")).await.unwrap()["actions"].clone();
    assert!(actions.as_array().unwrap().contains(&json!("stop")), "{actions}");
    assert!(!actions.as_array().unwrap().contains(&json!("start")), "{actions}");

    let stopped = post(&env, &format!("/v1/instances/{id}/actions/stop"), &json!({})).await;
    assert_eq!(stopped.status, StatusCode::OK, "{}", stopped.body);
    assert_ne!(stopped.body["resources"][0]["state"], "running", "{}", stopped.body);
    until_state(&env, &id, "stopped").await;
    let path = format!("/v1/instances/{id}");
    let renamed = json!({ "name": "renamed", "tags": { "tier": "back" } });
    let updated = env.client.send_command(Method::PATCH, &path, &renamed, None).await.unwrap();
    assert_eq!(updated.status, StatusCode::OK, "{}", updated.body);
    assert_eq!(updated.body["resources"][0]["name"], "renamed");
    assert_eq!(updated.body["resources"][0]["tags"], json!({ "tier": "back" }));

    let ended = env.client.send_command(Method::DELETE, &path, &json!({}), None).await.unwrap();
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
    until("the instance to be gone", SOON, || async {
        let answer = env.client.request(Method::GET, &path).await?;
        ensure!(answer.status == StatusCode::NOT_FOUND, "{}", answer.body["state"]);
        Ok(())
    })
    .await;
    // One `created`, one `deleted`, and others in between. Events are numbered shortly after they are written.
    until("the events", SOON, || async {
        let changes = changes(&env, position, &id).await;
        let count = |word: &str| changes.iter().filter(|change| *change == word).count();
        ensure!((count("created"), count("deleted")) == (1, 1), "{changes:?}");
        ensure!(changes.first().is_some_and(|change| change == "created"), "{changes:?}");
        ensure!(changes.last().is_some_and(|change| change == "deleted"), "{changes:?}");
        Ok(())
    })
    .await;
    let operations = env.client.get("/v1/operations").await.unwrap();
    let verbs: Vec<_> = operations["items"].as_array().unwrap().iter().map(|one| &one["verb"]).collect();
    assert_eq!(verbs, ["delete", "update", "stop", "create"]);
    let audit = env.client.get("/v1/audit").await.unwrap();
    let lines = audit["items"].as_array().unwrap();
    assert_eq!(lines.len(), 8, "two entries per operation, accepted and succeeded: {audit}");
    assert!(lines.iter().all(|line| line["principal_name"] == "dashboard"));
}

#[tokio::test(flavor = "multi_thread")]
async fn volume_attachment_is_visible_on_both_ends() {
    let env = Environment::with_cloud(TestCluster::builder("attach"), &["--transit-seconds", "0.2"]).await;
    let instance = id_of(&post(&env, "/v1/instances", &instance_command(&env, "holder").await).await);
    until_state(&env, &instance, "running").await;
    let volume = post(&env, "/v1/volumes", &json!({ "name": "data", "size_gib": 7 })).await;
    assert_eq!(volume.status, StatusCode::CREATED, "{}", volume.body);
    let volume = id_of(&volume);
    until("the volume to be available", SOON, || async {
        let state = env.client.get(&format!("/v1/volumes/{volume}")).await?["state"].clone();
        ensure!(state == "available", "{state}");
        Ok(())
    })
    .await;
    let attached =
        post(&env, "/v1/volume_attachments", &json!({ "volume": volume, "instance": instance })).await;
    assert_eq!(attached.status, StatusCode::CREATED, "{}", attached.body);
    let attachment = id_of(&attached);
    let shown = env.client.get(&format!("/v1/volumes/{volume}")).await.unwrap();
    assert_eq!(shown["state"], "in_use");
    let shown = env.client.get(&format!("/v1/instances/{instance}")).await.unwrap();
    assert_eq!(shown["volumes"][0]["id"], json!(volume));
    // A volume in use cannot be deleted.
    let refused = env
        .client
        .send_command(Method::DELETE, &format!("/v1/volumes/{volume}"), &json!({}), None)
        .await
        .unwrap();
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let path = format!("/v1/volume_attachments/{attachment}");
    let detached = env.client.send_command(Method::DELETE, &path, &json!({}), None).await.unwrap();
    assert_eq!(detached.status, StatusCode::OK, "{}", detached.body);
    let snapshot = post(&env, "/v1/volume_snapshots", &json!({ "name": "copy", "volume": volume })).await;
    assert_eq!(snapshot.status, StatusCode::CREATED, "{}", snapshot.body);
    let extended =
        post(&env, &format!("/v1/volumes/{volume}/actions/extend"), &json!({ "size_gib": 9 })).await;
    assert_eq!(extended.body["resources"][0]["size_gib"], 9, "{}", extended.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn create_with_count_and_delete_by_filter() {
    let env = Environment::with_cloud(TestCluster::builder("several"), &["--transit-seconds", "0.2"]).await;
    let mut command = instance_command(&env, "many").await;
    command["count"] = json!(3);
    command["tags"] = json!({ "batch": "one" });
    let made = post(&env, "/v1/instances", &command).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let names: Vec<_> =
        made.body["resources"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["many-1", "many-2", "many-3"]);
    until("all instances to run", SOON, || async {
        let running = env.client.list("instances", &[("tag.batch", "one"), ("state", "running")]).await?;
        ensure!(running.items.len() == 3, "{}", running.items.len());
        Ok(())
    })
    .await;
    let path = "/v1/instances/actions/delete?tag.batch=one";
    let wrong = post(&env, path, &json!({ "expect": 2 })).await;
    assert_eq!((wrong.status, &wrong.body["matched"]), (StatusCode::CONFLICT, &json!(3)), "{}", wrong.body);
    let dry = post(&env, path, &json!({ "expect": 3, "dry_run": true })).await;
    assert_eq!((dry.status, &dry.body["failed"]), (StatusCode::OK, &json!(0)), "{}", dry.body);
    assert_eq!(env.client.list("instances", &[("tag.batch", "one")]).await.unwrap().items.len(), 3);
    let command = json!({ "expect": 3 });
    let done = env.client.send_command(Method::POST, path, &command, Some("all")).await.unwrap();
    assert_eq!((done.status, &done.body["failed"]), (StatusCode::OK, &json!(0)), "{}", done.body);
    until("all instances to be gone", SOON, || async {
        let left = env.client.list("instances", &[("tag.batch", "one")]).await?;
        ensure!(left.items.is_empty(), "{}", left.items.len());
        Ok(())
    })
    .await;
    // The filter no longer matches them; the key finds the operations.
    let again = env.client.send_command(Method::POST, path, &command, Some("all")).await.unwrap();
    assert_eq!((again.status, &again.body["failed"]), (StatusCode::OK, &json!(0)), "{}", again.body);
    let operations = |answer: &Answer| -> std::collections::BTreeSet<String> {
        let items = answer.body["items"].as_array().unwrap().iter();
        items.map(|item| item["operation"]["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(operations(&again), operations(&done));
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_stop_is_executed_once_and_answered_in_time() {
    let builder = TestCluster::builder("bulk").set("front.request_timeout_seconds", 5);
    let env = Environment::with_cloud(builder, &["--transit-seconds", "0.2"]).await;
    let mut command = instance_command(&env, "bulk").await;
    (command["count"], command["tags"]) = (json!(12), json!({ "batch": "two" }));
    env.client.send_command(Method::POST, "/v1/instances", &command, Some("make")).await.unwrap();
    until("all instances to run", SOON, || async {
        let running = env.client.list("instances", &[("tag.batch", "two"), ("state", "running")]).await?;
        ensure!(running.items.len() == 12, "{}", running.items.len());
        Ok(())
    })
    .await;
    env.simulator.faults(json!([{ "fault": "latency", "ms": 4000, "writes": true }])).await;
    let (path, body) = ("/v1/instances/actions/stop?tag.batch=two&state=running", json!({ "expect": 12 }));
    let send = |path, body| env.client.send_command(Method::POST, path, body, Some("stop-all"));
    let first = send(path, &body).await.unwrap();
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let items = first.body["items"].as_array().unwrap();
    let left = |item: &&Value| {
        item["problem"]["type"] == "/problems/deadline-exceeded" && item["operation"].is_null()
    };
    assert!(items.iter().any(|item| left(&item)), "{}", first.body);
    env.simulator.heal().await;
    // The filter matches fewer instances now; those that are stopped count too.
    until("all instances to be stopped", SOON, || async {
        let again = send(path, &body).await?;
        ensure!(again.status == StatusCode::OK, "{} {}", again.status, again.body);
        ensure!(again.body["failed"] == 0 && again.body["matched"] == 12, "{}", again.body);
        Ok(())
    })
    .await;
    let stats = env.simulator.control("GET", "stats", &json!(null)).await;
    let other = "/v1/instances/actions/stop?tag.batch=two";
    let other = send(other, &body).await.unwrap();
    assert!(other.status != StatusCode::OK || other.body["failed"] == 12, "{}", other.body);
    let after = env.simulator.control("GET", "stats", &json!(null)).await;
    let writes = |stats: &Value| {
        stats["requests"]
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .filter(|(name, _)| name.starts_with("POST "))
            .collect::<Vec<_>>()
    };
    assert_eq!(writes(&after), writes(&stats), "a key belongs to one filter");
}

#[tokio::test(flavor = "multi_thread")]
async fn asynchronous_create_returns_link_to_operation() {
    let env = Environment::start(TestCluster::builder("async")).await;
    env.simulator.faults(json!([{ "fault": "latency", "ms": 700, "writes": true }])).await;
    let command = instance_command(&env, "later").await;
    let http = reqwest::Client::new();
    let answer = http
        .post(format!("{}/v1/instances", env.cluster.front.url()))
        .bearer_auth(env.client.token.as_ref().unwrap())
        .header("prefer", "respond-async")
        .json(&command)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("/v1/operations/"), "{location}");
    let first = env.client.get(&location).await.unwrap();
    assert_eq!(first["over"], false, "{first}");
    let over = until("the operation to end", SOON, || async {
        let operation = env.client.get(&location).await?;
        ensure!(operation["over"] == true, "{operation}");
        Ok(operation)
    })
    .await;
    assert_eq!(over["state"], "succeeded", "{over}");
    let link = over["resources"][0]["link"].as_str().unwrap();
    assert_eq!(env.client.get(link).await.unwrap()["name"], "later");
}

#[tokio::test(flavor = "multi_thread")]
async fn timed_out_create_names_its_operation() {
    let env = Environment::start(TestCluster::builder("late").set("front.request_timeout_seconds", 3)).await;
    env.simulator.faults(json!([{ "fault": "latency", "ms": 5000, "writes": true }])).await;
    let command = instance_command(&env, "slow").await;
    let late = env.client.send_command(Method::POST, "/v1/instances", &command, Some("slow")).await.unwrap();
    assert_eq!(late.status, StatusCode::GATEWAY_TIMEOUT, "{}", late.body);
    let link = late.body["operation"]["link"].as_str().unwrap_or_else(|| panic!("{}", late.body)).to_owned();
    until("the operation to end", SOON, || async {
        let operation = env.client.get(&link).await?;
        ensure!(operation["state"] == "succeeded", "{operation}");
        Ok(())
    })
    .await;
    let answer =
        env.client.send_command(Method::POST, "/v1/instances", &command, Some("slow")).await.unwrap();
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
}
