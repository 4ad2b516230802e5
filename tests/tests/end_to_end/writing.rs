//! Writes: done once, seen at once, refused with reasons, and found again whatever dies in the middle.

mod crashes;
mod once;
mod outage;
mod random;
mod refused;

use anyhow::{Context as _, ensure};
use gateway_tests::client::Answer;
use gateway_tests::{Cluster, until};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stage::{SOON, Stage};

/// A create of the smallest form.
async fn instance_order(stage: &Stage, name: &str) -> Value {
    let image = stage.public_image().await;
    let instance_type = stage.smallest_type(&image).await;
    json!({ "name": name, "instance_type": instance_type["id"], "image": image["id"] })
}

async fn post(stage: &Stage, path: &str, body: &Value) -> Answer {
    stage.client.order(Method::POST, path, body, None).await.unwrap()
}

fn id_of(answer: &Answer) -> String {
    let id = answer.body["resources"][0]["id"].as_str();
    id.unwrap_or_else(|| panic!("{} {}", answer.status, answer.body)).to_owned()
}

async fn state_of(stage: &Stage, id: &str) -> anyhow::Result<String> {
    let item = stage.client.get(&format!("/v1/instances/{id}")).await?;
    Ok(item["state"].as_str().context("no state")?.to_owned())
}

async fn until_state(stage: &Stage, id: &str, wanted: &str) {
    until(wanted, SOON, || async {
        let state = state_of(stage, id).await?;
        ensure!(state == wanted, "it is {state}");
        Ok(())
    })
    .await;
}

/// How many events of each sort a resource has had, in order.
async fn changes(stage: &Stage, position: i64, id: &str) -> Vec<String> {
    let events = stage.client.events(position).await.unwrap();
    let of_it = events.iter().filter(|event| event["subject"] == *id);
    of_it.map(|event| event["type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_an_instance_is_ordered_and_seen() {
    let stage = Stage::with_cloud(Cluster::plan("life"), &["--transit-seconds", "0.3"]).await;
    let position = stage.client.list("instances", &[]).await.unwrap().position;
    let mut order = instance_order(&stage, "made-here").await;
    order["tags"] = json!({ "tier": "front" });
    let made = post(&stage, "/v1/instances", &order).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let id = id_of(&made);
    assert_eq!(made.headers["location"], format!("/v1/instances/{id}"));
    assert_eq!(made.body["operation"]["state"], "succeeded");
    // At once, and without what the gateway left on it.
    let seen = stage.client.get(&format!("/v1/instances/{id}")).await.unwrap();
    assert_eq!((&seen["name"], &seen["tags"]), (&json!("made-here"), &json!({ "tier": "front" })));
    until_state(&stage, &id, "running").await;
    let actions = stage.client.get(&format!("/v1/instances/{id}")).await.unwrap()["actions"].clone();
    assert!(actions.as_array().unwrap().contains(&json!("stop")), "{actions}");
    assert!(!actions.as_array().unwrap().contains(&json!("start")), "{actions}");

    let stopped = post(&stage, &format!("/v1/instances/{id}/actions/stop"), &json!({})).await;
    assert_eq!(stopped.status, StatusCode::OK, "{}", stopped.body);
    assert_ne!(stopped.body["resources"][0]["state"], "running", "{}", stopped.body);
    until_state(&stage, &id, "stopped").await;
    let path = format!("/v1/instances/{id}");
    let renamed = json!({ "name": "renamed", "tags": { "tier": "back" } });
    let updated = stage.client.order(Method::PATCH, &path, &renamed, None).await.unwrap();
    assert_eq!(updated.status, StatusCode::OK, "{}", updated.body);
    assert_eq!(updated.body["resources"][0]["name"], "renamed");
    assert_eq!(updated.body["resources"][0]["tags"], json!({ "tier": "back" }));

    let ended = stage.client.order(Method::DELETE, &path, &json!({}), None).await.unwrap();
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
    until("it is gone", SOON, || async {
        let answer = stage.client.request(Method::GET, &path).await?;
        ensure!(answer.status == StatusCode::NOT_FOUND, "{}", answer.body["state"]);
        Ok(())
    })
    .await;
    // One made, one ended, and whatever else in between: numbered a moment after they are written.
    until("its events", SOON, || async {
        let changes = changes(&stage, position, &id).await;
        let count = |word: &str| changes.iter().filter(|change| *change == word).count();
        ensure!((count("created"), count("deleted")) == (1, 1), "{changes:?}");
        ensure!(changes.first().is_some_and(|change| change == "created"), "{changes:?}");
        ensure!(changes.last().is_some_and(|change| change == "deleted"), "{changes:?}");
        Ok(())
    })
    .await;
    let operations = stage.client.get("/v1/operations").await.unwrap();
    let verbs: Vec<_> = operations["items"].as_array().unwrap().iter().map(|one| &one["verb"]).collect();
    assert_eq!(verbs, ["delete", "update", "stop", "create"]);
    let audit = stage.client.get("/v1/audit").await.unwrap();
    let lines = audit["items"].as_array().unwrap();
    assert_eq!(lines.len(), 8, "each is accepted and succeeds: {audit}");
    assert!(lines.iter().all(|line| line["principal_name"] == "dashboard"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_is_attached_and_both_ends_know() {
    let stage = Stage::with_cloud(Cluster::plan("attach"), &["--transit-seconds", "0.2"]).await;
    let instance = id_of(&post(&stage, "/v1/instances", &instance_order(&stage, "holder").await).await);
    until_state(&stage, &instance, "running").await;
    let volume = post(&stage, "/v1/volumes", &json!({ "name": "data", "size_gib": 7 })).await;
    assert_eq!(volume.status, StatusCode::CREATED, "{}", volume.body);
    let volume = id_of(&volume);
    until("the volume is available", SOON, || async {
        let state = stage.client.get(&format!("/v1/volumes/{volume}")).await?["state"].clone();
        ensure!(state == "available", "{state}");
        Ok(())
    })
    .await;
    let attached =
        post(&stage, "/v1/volume_attachments", &json!({ "volume": volume, "instance": instance })).await;
    assert_eq!(attached.status, StatusCode::CREATED, "{}", attached.body);
    let attachment = id_of(&attached);
    let shown = stage.client.get(&format!("/v1/volumes/{volume}")).await.unwrap();
    assert_eq!(shown["state"], "in_use");
    let shown = stage.client.get(&format!("/v1/instances/{instance}")).await.unwrap();
    assert_eq!(shown["volumes"][0]["id"], json!(volume));
    // What is in use says by whom.
    let refused =
        stage.client.order(Method::DELETE, &format!("/v1/volumes/{volume}"), &json!({}), None).await.unwrap();
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let path = format!("/v1/volume_attachments/{attachment}");
    let detached = stage.client.order(Method::DELETE, &path, &json!({}), None).await.unwrap();
    assert_eq!(detached.status, StatusCode::OK, "{}", detached.body);
    let snapshot = post(&stage, "/v1/volume_snapshots", &json!({ "name": "copy", "volume": volume })).await;
    assert_eq!(snapshot.status, StatusCode::CREATED, "{}", snapshot.body);
    let extended =
        post(&stage, &format!("/v1/volumes/{volume}/actions/extend"), &json!({ "size_gib": 9 })).await;
    assert_eq!(extended.body["resources"][0]["size_gib"], 9, "{}", extended.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_made_by_one_order_and_ended_by_one_filter() {
    let stage = Stage::with_cloud(Cluster::plan("several"), &["--transit-seconds", "0.2"]).await;
    let mut order = instance_order(&stage, "many").await;
    order["count"] = json!(3);
    order["tags"] = json!({ "batch": "one" });
    let made = post(&stage, "/v1/instances", &order).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let names: Vec<_> =
        made.body["resources"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["many-1", "many-2", "many-3"]);
    until("all run", SOON, || async {
        let running = stage.client.list("instances", &[("tag.batch", "one"), ("state", "running")]).await?;
        ensure!(running.items.len() == 3, "{}", running.items.len());
        Ok(())
    })
    .await;
    let path = "/v1/instances/actions/delete?tag.batch=one";
    let wrong = post(&stage, path, &json!({ "expect": 2 })).await;
    assert_eq!((wrong.status, &wrong.body["matched"]), (StatusCode::CONFLICT, &json!(3)), "{}", wrong.body);
    let dry = post(&stage, path, &json!({ "expect": 3, "dry_run": true })).await;
    assert_eq!((dry.status, &dry.body["failed"]), (StatusCode::OK, &json!(0)), "{}", dry.body);
    assert_eq!(stage.client.list("instances", &[("tag.batch", "one")]).await.unwrap().items.len(), 3);
    let order = json!({ "expect": 3 });
    let done = stage.client.order(Method::POST, path, &order, Some("all")).await.unwrap();
    assert_eq!((done.status, &done.body["failed"]), (StatusCode::OK, &json!(0)), "{}", done.body);
    until("all are gone", SOON, || async {
        let left = stage.client.list("instances", &[("tag.batch", "one")]).await?;
        ensure!(left.items.is_empty(), "{}", left.items.len());
        Ok(())
    })
    .await;
    // The filter finds none of them any more; the key does.
    let again = stage.client.order(Method::POST, path, &order, Some("all")).await.unwrap();
    assert_eq!((again.status, &again.body["failed"]), (StatusCode::OK, &json!(0)), "{}", again.body);
    let operations = |answer: &Answer| -> std::collections::BTreeSet<String> {
        let items = answer.body["items"].as_array().unwrap().iter();
        items.map(|item| item["operation"]["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(operations(&again), operations(&done));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_for_all_of_a_filter_is_done_once_and_answered_in_time() {
    let plan = Cluster::plan("bulk").set("front.request_timeout_seconds", 5);
    let stage = Stage::with_cloud(plan, &["--transit-seconds", "0.2"]).await;
    let mut order = instance_order(&stage, "bulk").await;
    (order["count"], order["tags"]) = (json!(12), json!({ "batch": "two" }));
    stage.client.order(Method::POST, "/v1/instances", &order, Some("make")).await.unwrap();
    until("all run", SOON, || async {
        let running = stage.client.list("instances", &[("tag.batch", "two"), ("state", "running")]).await?;
        ensure!(running.items.len() == 12, "{}", running.items.len());
        Ok(())
    })
    .await;
    stage.simulator.faults(json!([{ "fault": "latency", "ms": 4000, "writes": true }])).await;
    let (path, body) = ("/v1/instances/actions/stop?tag.batch=two&state=running", json!({ "expect": 12 }));
    let send = |path, body| stage.client.order(Method::POST, path, body, Some("stop-all"));
    let first = send(path, &body).await.unwrap();
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let items = first.body["items"].as_array().unwrap();
    let left = |item: &&Value| {
        item["problem"]["type"] == "/problems/deadline-exceeded" && item["operation"].is_null()
    };
    assert!(items.iter().any(|item| left(&item)), "{}", first.body);
    stage.simulator.heal().await;
    // The filter finds fewer by now: those that were stopped are part of it all the same.
    until("all are stopped", SOON, || async {
        let again = send(path, &body).await?;
        ensure!(again.status == StatusCode::OK, "{} {}", again.status, again.body);
        ensure!(again.body["failed"] == 0 && again.body["matched"] == 12, "{}", again.body);
        Ok(())
    })
    .await;
    let stats = stage.simulator.control("GET", "stats", &json!(null)).await;
    let other = "/v1/instances/actions/stop?tag.batch=two";
    let other = send(other, &body).await.unwrap();
    assert!(other.status != StatusCode::OK || other.body["failed"] == 12, "{}", other.body);
    let after = stage.simulator.control("GET", "stats", &json!(null)).await;
    let writes = |stats: &Value| {
        stats["requests"]
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .filter(|(name, _)| name.starts_with("POST "))
            .collect::<Vec<_>>()
    };
    assert_eq!(writes(&after), writes(&stats), "a key is for one filter");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_want_to_wait_is_told_where_to_look() {
    let stage = Stage::set(Cluster::plan("async")).await;
    stage.simulator.faults(json!([{ "fault": "latency", "ms": 700, "writes": true }])).await;
    let order = instance_order(&stage, "later").await;
    let http = reqwest::Client::new();
    let answer = http
        .post(format!("{}/v1/instances", stage.cluster.front.url()))
        .bearer_auth(stage.client.token.as_ref().unwrap())
        .header("prefer", "respond-async")
        .json(&order)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("/v1/operations/"), "{location}");
    let first = stage.client.get(&location).await.unwrap();
    assert_eq!(first["over"], false, "{first}");
    let over = until("the operation is over", SOON, || async {
        let operation = stage.client.get(&location).await?;
        ensure!(operation["over"] == true, "{operation}");
        Ok(operation)
    })
    .await;
    assert_eq!(over["state"], "succeeded", "{over}");
    let link = over["resources"][0]["link"].as_str().unwrap();
    assert_eq!(stage.client.get(link).await.unwrap()["name"], "later");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_too_late_names_its_operation() {
    let stage = Stage::set(Cluster::plan("late").set("front.request_timeout_seconds", 3)).await;
    stage.simulator.faults(json!([{ "fault": "latency", "ms": 5000, "writes": true }])).await;
    let order = instance_order(&stage, "slow").await;
    let late = stage.client.order(Method::POST, "/v1/instances", &order, Some("slow")).await.unwrap();
    assert_eq!(late.status, StatusCode::GATEWAY_TIMEOUT, "{}", late.body);
    let link = late.body["operation"]["link"].as_str().unwrap_or_else(|| panic!("{}", late.body)).to_owned();
    until("the operation is over", SOON, || async {
        let operation = stage.client.get(&link).await?;
        ensure!(operation["state"] == "succeeded", "{operation}");
        Ok(())
    })
    .await;
    let answer = stage.client.order(Method::POST, "/v1/instances", &order, Some("slow")).await.unwrap();
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
}
