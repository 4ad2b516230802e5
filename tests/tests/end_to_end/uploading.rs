//! Uploads: content goes by the front to the cloud and stays nowhere on the way, and half of it is never the whole.

mod broken;
mod refused;

use anyhow::{Context as _, ensure};
use futures_util::stream;
use gateway_tests::cluster::Plan;
use gateway_tests::memory::{Memory, reset_peak};
use gateway_tests::{Cluster, until};
use reqwest::{Body, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::stage::{SOON, Stage};

const MIB: usize = 1 << 20;

fn plan(name: &str) -> Plan {
    let plan = Cluster::plan(name);
    plan.set("operations.lease_seconds", 3).set("operations.settle_seconds", 2)
}

/// Registers an image that waits for its content; its id.
async fn empty_image(stage: &Stage) -> String {
    let order = json!({ "name": "to-fill", "disk_format": "raw", "cloud_options": { "empty": true } });
    let made = stage.client.order(Method::POST, "/v1/images", &order, None).await.unwrap();
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.body["resources"][0]["state"], "queued", "{}", made.body);
    made.body["resources"][0]["id"].as_str().unwrap().to_owned()
}

async fn image(stage: &Stage, id: &str) -> anyhow::Result<Value> {
    stage.client.get(&format!("/v1/images/{id}")).await
}

/// Waits until the image is as empty as it was registered.
async fn until_queued(stage: &Stage, id: &str) {
    until("the image is empty again", SOON, || async {
        let image = image(stage, id).await?;
        ensure!(image["state"] == "queued", "{}", image["state"]);
        ensure!(image["size_bytes"] == 0, "{}", image["size_bytes"]);
        Ok(())
    })
    .await;
}

/// A request with content, not sent yet.
fn put(stage: &Stage, id: &str) -> reqwest::RequestBuilder {
    let url = format!("{}/v1/images/{id}/content", stage.cluster.front.url());
    reqwest::Client::new()
        .put(url)
        .bearer_auth(stage.client.token.as_ref().unwrap())
        .header("content-type", "application/octet-stream")
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// Content of so many MiB that is made while it is sent.
fn content(mib: usize) -> Body {
    Body::wrap_stream(stream::iter((0..mib).map(|at| Ok::<_, std::io::Error>(vec![at as u8; MIB]))))
}

/// Content that comes as it is given.
fn given() -> (mpsc::Sender<Vec<u8>>, Body) {
    let (sender, receiver) = mpsc::channel(1);
    let chunks = stream::unfold(receiver, async |mut receiver: mpsc::Receiver<Vec<u8>>| {
        Some((Ok::<_, std::io::Error>(receiver.recv().await?), receiver))
    });
    (sender, Body::wrap_stream(chunks))
}

/// Waits until the cloud is being given the content.
async fn until_filling(stage: &Stage) {
    until("the content goes to the cloud", SOON, || async {
        let journal = stage.simulator.control("GET", "journal", &Value::Null).await;
        ensure!(journal.to_string().contains("FILLING"), "{journal}");
        Ok(())
    })
    .await;
}

async fn uploads(stage: &Stage) -> Value {
    stage.simulator.control("GET", "stats", &json!(null)).await["requests"]["PUT images/id"].clone()
}

/// The newest operation, which is an upload.
async fn upload_of(stage: &Stage) -> anyhow::Result<Value> {
    let operations = stage.client.get("/v1/operations").await?;
    let newest = operations["items"][0].clone();
    ensure!(newest["verb"] == "upload", "{newest}");
    Ok(newest)
}

#[tokio::test(flavor = "multi_thread")]
async fn content_goes_through_and_stays_nowhere() {
    let stage = Stage::set(plan("upload")).await;
    let id = empty_image(&stage).await;
    let before = image(&stage, &id).await.unwrap();
    assert!(before["actions"].as_array().unwrap().contains(&json!("upload")), "{before}");
    let pids = [stage.cluster.front.pid(), stage.cluster.handlers[0].pid()];
    let rested = pids.map(|pid| {
        reset_peak(pid);
        Memory::of(pid).peak_bytes
    });
    let request = put(&stage, &id).header("idempotency-key", "fill").body(content(256));
    let (status, body) = answer(request).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["resources"][0]["state"], "available", "{body}");
    assert_eq!(body["resources"][0]["size_bytes"], 256 * MIB, "{body}");
    assert_eq!(
        (&body["operation"]["verb"], &body["operation"]["state"]),
        (&json!("upload"), &json!("succeeded"))
    );
    for (pid, rested) in pids.into_iter().zip(rested) {
        let more = Memory::of(pid).peak_bytes.saturating_sub(rested) / MIB as u64;
        println!("256 MiB took {more} MiB of a process");
        assert!(more < 24, "{more} MiB");
    }
    // Seen at once, and full: it takes no more.
    assert_eq!(image(&stage, &id).await.unwrap()["size_bytes"], 256 * MIB);
    let (status, body) = answer(put(&stage, &id).body(content(1))).await;
    assert_eq!((status, &body["state"]), (StatusCode::CONFLICT, &json!("available")), "{body}");
    // The same again is the same, and nothing is sent.
    let again = put(&stage, &id).header("idempotency-key", "fill").body(content(256));
    let (status, body) = answer(again).await;
    assert_eq!((status, &body["operation"]["state"]), (StatusCode::OK, &json!("succeeded")), "{body}");
    assert_eq!(uploads(&stage).await, 1);
    let audit = stage.client.get("/v1/audit").await.unwrap();
    let lines: Vec<_> =
        audit["items"].as_array().unwrap().iter().filter(|line| line["verb"] == "upload").collect();
    assert_eq!(lines.len(), 2, "accepted and succeeded: {audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_outlasts_its_lease_and_a_handler() {
    let mut stage = Stage::set(plan("long-upload")).await;
    let id = empty_image(&stage).await;
    let (sender, body) = given();
    let upload = tokio::spawn(answer(put(&stage, &id).body(body)));
    sender.send(vec![1; MIB]).await.unwrap();
    until_filling(&stage).await;
    stage.cluster.handlers[0].restart().await;
    // Several leases long, each renewed by a report.
    let begun = upload_of(&stage).await.unwrap();
    until("the lease is renewed", SOON, || async {
        let now = upload_of(&stage).await?;
        ensure!(now["sent_at"].as_str() > begun["sent_at"].as_str(), "{now}");
        let later = |one: &Value| one["sent_at"].as_str().context("no time").map(str::to_owned);
        ensure!(seconds(&later(&now)?) - seconds(&later(&begun)?) >= 6.0, "{now}");
        Ok(())
    })
    .await;
    sender.send(vec![2; MIB]).await.unwrap();
    drop(sender);
    let (status, body) = upload.await.unwrap();
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["resources"][0]["size_bytes"], 2 * MIB, "{body}");
}

/// Seconds within the day; no test is run over midnight for long.
fn seconds(time: &str) -> f64 {
    let clock = time.split(['T', 'Z']).nth(1).unwrap();
    clock.split(':').fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
}
