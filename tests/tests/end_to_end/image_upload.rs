//! Uploads of image content through the front: content is streamed, and a partial upload leaves the image empty.

mod interrupted;
mod refused;

use anyhow::{Context as _, ensure};
use futures_util::stream;
use gateway_tests::cluster::ClusterBuilder;
use gateway_tests::memory::{Memory, reset_peak};
use gateway_tests::{TestCluster, until};
use reqwest::{Body, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::environment::{Environment, SOON};

const MIB: usize = 1 << 20;

fn builder(name: &str) -> ClusterBuilder {
    let builder = TestCluster::builder(name);
    builder.set("operations.lease_seconds", 3).set("operations.settle_seconds", 2)
}

/// Registers an image without content. Returns its id.
async fn empty_image(env: &Environment) -> String {
    let command = json!({ "name": "to-fill", "disk_format": "raw", "cloud_options": { "empty": true } });
    let made = env.client.send_command(Method::POST, "/v1/images", &command, None).await.unwrap();
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.body["resources"][0]["state"], "queued", "{}", made.body);
    made.body["resources"][0]["id"].as_str().unwrap().to_owned()
}

async fn image(env: &Environment, id: &str) -> anyhow::Result<Value> {
    env.client.get(&format!("/v1/images/{id}")).await
}

/// Waits until the image is empty and queued.
async fn until_queued(env: &Environment, id: &str) {
    until("the image to be empty again", SOON, || async {
        let image = image(env, id).await?;
        ensure!(image["state"] == "queued", "{}", image["state"]);
        ensure!(image["size_bytes"] == 0, "{}", image["size_bytes"]);
        Ok(())
    })
    .await;
}

/// Returns a request for the content of an image, without a body.
fn put(env: &Environment, id: &str) -> reqwest::RequestBuilder {
    let url = format!("{}/v1/images/{id}/content", env.cluster.front.url());
    reqwest::Client::new()
        .put(url)
        .bearer_auth(env.client.token.as_ref().unwrap())
        .header("content-type", "application/octet-stream")
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// Returns generated content of `mib` MiB.
fn content(mib: usize) -> Body {
    Body::wrap_stream(stream::iter((0..mib).map(|at| Ok::<_, std::io::Error>(vec![at as u8; MIB]))))
}

/// Returns content and a sender of its chunks.
fn channel_body() -> (mpsc::Sender<Vec<u8>>, Body) {
    let (sender, receiver) = mpsc::channel(1);
    let chunks = stream::unfold(receiver, async |mut receiver: mpsc::Receiver<Vec<u8>>| {
        Some((Ok::<_, std::io::Error>(receiver.recv().await?), receiver))
    });
    (sender, Body::wrap_stream(chunks))
}

/// Waits until the cloud receives the content.
async fn until_filling(env: &Environment) {
    until("the cloud to receive the content", SOON, || async {
        let journal = env.simulator.control("GET", "journal", &Value::Null).await;
        ensure!(journal.to_string().contains("FILLING"), "{journal}");
        Ok(())
    })
    .await;
}

async fn uploads(env: &Environment) -> Value {
    env.simulator.control("GET", "stats", &json!(null)).await["requests"]["PUT images/id"].clone()
}

/// Returns the newest operation, which must be an upload.
async fn upload_of(env: &Environment) -> anyhow::Result<Value> {
    let operations = env.client.get("/v1/operations").await?;
    let newest = operations["items"][0].clone();
    ensure!(newest["verb"] == "upload", "{newest}");
    Ok(newest)
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_is_streamed_in_constant_memory() {
    let env = Environment::start(builder("upload")).await;
    let id = empty_image(&env).await;
    let before = image(&env, &id).await.unwrap();
    assert!(before["actions"].as_array().unwrap().contains(&json!("upload")), "{before}");
    let pids = [env.cluster.front.pid(), env.cluster.handlers[0].pid()];
    let rested = pids.map(|pid| {
        reset_peak(pid);
        Memory::of(pid).peak_bytes
    });
    let request = put(&env, &id).header("idempotency-key", "fill").body(content(256));
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
    // The image is visible at once and accepts no more content.
    assert_eq!(image(&env, &id).await.unwrap()["size_bytes"], 256 * MIB);
    let (status, body) = answer(put(&env, &id).body(content(1))).await;
    assert_eq!((status, &body["state"]), (StatusCode::CONFLICT, &json!("available")), "{body}");
    // A repeated request returns the same operation and sends nothing.
    let again = put(&env, &id).header("idempotency-key", "fill").body(content(256));
    let (status, body) = answer(again).await;
    assert_eq!((status, &body["operation"]["state"]), (StatusCode::OK, &json!("succeeded")), "{body}");
    assert_eq!(uploads(&env).await, 1);
    let audit = env.client.get("/v1/audit").await.unwrap();
    let lines: Vec<_> =
        audit["items"].as_array().unwrap().iter().filter(|line| line["verb"] == "upload").collect();
    assert_eq!(lines.len(), 2, "accepted and succeeded: {audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_survives_lease_and_handler_restart() {
    let mut env = Environment::start(builder("long-upload")).await;
    let id = empty_image(&env).await;
    let (sender, body) = channel_body();
    let upload = tokio::spawn(answer(put(&env, &id).body(body)));
    sender.send(vec![1; MIB]).await.unwrap();
    until_filling(&env).await;
    env.cluster.handlers[0].restart().await;
    // Reports of the front renew the lease several times.
    let begun = upload_of(&env).await.unwrap();
    until("the renewal of the lease", SOON, || async {
        let now = upload_of(&env).await?;
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

/// Returns the seconds within the day. Uploads over midnight are not considered.
fn seconds(time: &str) -> f64 {
    let clock = time.split(['T', 'Z']).nth(1).unwrap();
    clock.split(':').fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
}
