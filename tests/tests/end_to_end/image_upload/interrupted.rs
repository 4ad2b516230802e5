//! Interrupted uploads: the client disconnects or stalls, or front or handler are killed.

use anyhow::ensure;
use gateway_tests::until;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{
    MIB, answer, builder, channel_body, content, empty_image, put, until_filling, until_queued, upload_of,
    uploads,
};
use crate::environment::{Environment, SOON, problem_type};

async fn until_failed(env: &Environment) -> Value {
    until("the upload to end", SOON, || async {
        let operation = upload_of(env).await?;
        ensure!(operation["over"] == true, "{operation}");
        Ok(operation)
    })
    .await
}

/// Asserts that the upload failed and that the image is empty and accepts content again.
async fn assert_failed_and_empty(env: &Environment, id: &str) {
    let operation = until_failed(env).await;
    assert_eq!(operation["state"], "failed", "{operation}");
    assert_eq!(problem_type(&operation["problem"]), "upload-broken", "{operation}");
    until_queued(env, id).await;
    let (status, body) = answer(put(env, id).body(content(2))).await;
    assert_eq!((status, &body["resources"][0]["size_bytes"]), (StatusCode::OK, &json!(2 * MIB)), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_of_disconnected_client_leaves_image_empty() {
    let env = Environment::start(builder("client-gone")).await;
    let id = empty_image(&env).await;
    let address = env.cluster.front.url().trim_start_matches("http://").to_owned();
    let framings = ["content-length: 8388608\r\n\r\n", "transfer-encoding: chunked\r\n\r\n100000\r\n"];
    for (times, framing) in framings.into_iter().enumerate() {
        let mut client = TcpStream::connect(&address).await.unwrap();
        let token = env.client.token.as_ref().unwrap();
        let head = format!(
            "PUT /v1/images/{id}/content HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n{framing}"
        );
        client.write_all(head.as_bytes()).await.unwrap();
        client.write_all(&vec![7; MIB]).await.unwrap();
        until("the cloud to receive the content", SOON, || async {
            let uploads = uploads(&env).await;
            ensure!(uploads == times + 1, "{uploads}");
            Ok(())
        })
        .await;
        drop(client);
        let operation = until_failed(&env).await;
        assert_eq!(operation["status"], 400, "{operation}");
        until_queued(&env, &id).await;
    }
    assert_eq!(uploads(&env).await, 2);
    assert_failed_and_empty(&env, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_of_killed_front_leaves_image_empty() {
    let mut env = Environment::start(builder("front-dies")).await;
    let id = empty_image(&env).await;
    let (sender, body) = channel_body();
    let upload = tokio::spawn(put(&env, &id).body(body).send());
    sender.send(vec![1; MIB]).await.unwrap();
    until_filling(&env).await;
    env.cluster.front.kill9();
    assert!(upload.await.unwrap().is_err());
    env.cluster.front.restart().await;
    let operation = upload_of(&env).await.unwrap();
    assert_eq!(operation["over"], false, "the lease has not expired: {operation}");
    assert_failed_and_empty(&env, &id).await;
}

/// The cloud already has the whole content.
#[tokio::test(flavor = "multi_thread")]
async fn upload_of_front_killed_after_content_succeeds() {
    let mut env = Environment::start(builder("front-dies-late")).await;
    let id = empty_image(&env).await;
    let late = json!([{ "fault": "late_answer", "ms": 2000, "method": "PUT", "times": 1 }]);
    env.simulator.faults(late).await;
    let upload = tokio::spawn(put(&env, &id).body(content(1)).send());
    until("the cloud to have the content", SOON, || async {
        let journal = env.simulator.control("GET", "journal", &Value::Null).await.to_string();
        ensure!(journal.split("FILLING").nth(2).is_some_and(|rest| rest.contains("READY")), "{journal}");
        Ok(())
    })
    .await;
    env.cluster.front.kill9();
    assert!(upload.await.unwrap().is_err());
    env.cluster.front.restart().await;
    let operation = until_failed(&env).await;
    assert_eq!(operation["state"], "succeeded", "{operation}");
    let image = super::image(&env, &id).await.unwrap();
    assert_eq!((&image["state"], &image["size_bytes"]), (&json!("available"), &json!(MIB)), "{image}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stalled_upload_is_refused() {
    let env = Environment::start(builder("stands-still").set("front.upload_stall_seconds", 2)).await;
    let id = empty_image(&env).await;
    let (sender, body) = channel_body();
    let upload = tokio::spawn(answer(put(&env, &id).body(body)));
    sender.send(vec![1; MIB]).await.unwrap();
    let (status, body) = upload.await.unwrap();
    assert_eq!((status, problem_type(&body)), (StatusCode::BAD_REQUEST, "upload-broken"), "{body}");
    assert!(body["detail"].as_str().unwrap().contains("did not arrive in time"), "{body}");
    assert_failed_and_empty(&env, &id).await;
}

/// The handler is killed after the forward was recorded and before the front knows of it.
#[tokio::test(flavor = "multi_thread")]
async fn upload_of_killed_handler_fails() {
    let mut env = Environment::start(builder("handler-dies")).await;
    let id = empty_image(&env).await;
    env.cluster.handlers[0].restart_to_crash("upload.sent");
    let upload = tokio::spawn(answer(put(&env, &id).body(content(1))));
    let begun = std::time::Instant::now();
    while env.cluster.handlers[0].exit_status().is_none() {
        assert!(begun.elapsed() < SOON, "the handler does not crash");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    env.cluster.handlers[0].restart().await;
    let (status, body) = upload.await.unwrap();
    assert_eq!((status, problem_type(&body)), (StatusCode::BAD_GATEWAY, "upload-broken"), "{body}");
    assert_failed_and_empty(&env, &id).await;
}
