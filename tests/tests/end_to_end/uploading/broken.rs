//! Content that breaks off, and those who carry it dying in the middle.

use anyhow::ensure;
use gateway_tests::until;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{
    MIB, answer, content, empty_image, given, plan, put, until_filling, until_queued, upload_of, uploads,
};
use crate::stage::{SOON, Stage, problem};

async fn until_failed(stage: &Stage) -> Value {
    until("the upload has failed", SOON, || async {
        let operation = upload_of(stage).await?;
        ensure!(operation["over"] == true, "{operation}");
        Ok(operation)
    })
    .await
}

/// It failed, the image is empty, and takes content again.
async fn nothing_came_of_it(stage: &Stage, id: &str) {
    let operation = until_failed(stage).await;
    assert_eq!(operation["state"], "failed", "{operation}");
    assert_eq!(problem(&operation["problem"]), "upload-broken", "{operation}");
    until_queued(stage, id).await;
    let (status, body) = answer(put(stage, id).body(content(2))).await;
    assert_eq!((status, &body["resources"][0]["size_bytes"]), (StatusCode::OK, &json!(2 * MIB)), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_leaves_no_half() {
    let stage = Stage::set(plan("client-gone")).await;
    let id = empty_image(&stage).await;
    let address = stage.cluster.front.url().trim_start_matches("http://").to_owned();
    let framings = ["content-length: 8388608\r\n\r\n", "transfer-encoding: chunked\r\n\r\n100000\r\n"];
    for (times, framing) in framings.into_iter().enumerate() {
        let mut client = TcpStream::connect(&address).await.unwrap();
        let token = stage.client.token.as_ref().unwrap();
        let head = format!(
            "PUT /v1/images/{id}/content HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n{framing}"
        );
        client.write_all(head.as_bytes()).await.unwrap();
        client.write_all(&vec![7; MIB]).await.unwrap();
        until("the content goes to the cloud", SOON, || async {
            let uploads = uploads(&stage).await;
            ensure!(uploads == times + 1, "{uploads}");
            Ok(())
        })
        .await;
        drop(client);
        let operation = until_failed(&stage).await;
        assert_eq!(operation["status"], 400, "{operation}");
        until_queued(&stage, &id).await;
    }
    assert_eq!(uploads(&stage).await, 2);
    nothing_came_of_it(&stage, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_dies_leaves_no_half() {
    let mut stage = Stage::set(plan("front-dies")).await;
    let id = empty_image(&stage).await;
    let (sender, body) = given();
    let upload = tokio::spawn(put(&stage, &id).body(body).send());
    sender.send(vec![1; MIB]).await.unwrap();
    until_filling(&stage).await;
    stage.cluster.front.kill9();
    assert!(upload.await.unwrap().is_err());
    stage.cluster.front.restart().await;
    let operation = upload_of(&stage).await.unwrap();
    assert_eq!(operation["over"], false, "its lease has not ended: {operation}");
    nothing_came_of_it(&stage, &id).await;
}

/// What had gone to the cloud whole is found there.
#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_dies_after_the_content_loses_nothing() {
    let mut stage = Stage::set(plan("front-dies-late")).await;
    let id = empty_image(&stage).await;
    let late = json!([{ "fault": "late_answer", "ms": 2000, "method": "PUT", "times": 1 }]);
    stage.simulator.faults(late).await;
    let upload = tokio::spawn(put(&stage, &id).body(content(1)).send());
    until("the cloud has the content", SOON, || async {
        let journal = stage.simulator.control("GET", "journal", &Value::Null).await.to_string();
        ensure!(journal.split("FILLING").nth(2).is_some_and(|rest| rest.contains("READY")), "{journal}");
        Ok(())
    })
    .await;
    stage.cluster.front.kill9();
    assert!(upload.await.unwrap().is_err());
    stage.cluster.front.restart().await;
    let operation = until_failed(&stage).await;
    assert_eq!(operation["state"], "succeeded", "{operation}");
    let image = super::image(&stage, &id).await.unwrap();
    assert_eq!((&image["state"], &image["size_bytes"]), (&json!("available"), &json!(MIB)), "{image}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stands_still_is_let_go() {
    let stage = Stage::set(plan("stands-still").set("front.upload_stall_seconds", 2)).await;
    let id = empty_image(&stage).await;
    let (sender, body) = given();
    let upload = tokio::spawn(answer(put(&stage, &id).body(body)));
    sender.send(vec![1; MIB]).await.unwrap();
    let (status, body) = upload.await.unwrap();
    assert_eq!((status, problem(&body)), (StatusCode::BAD_REQUEST, "upload-broken"), "{body}");
    assert!(body["detail"].as_str().unwrap().contains("did not arrive in time"), "{body}");
    nothing_came_of_it(&stage, &id).await;
}

/// A handler that dies after it sent the front on its way, before the front knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_dies_before_the_content_comes_fails_it() {
    let mut stage = Stage::set(plan("handler-dies")).await;
    let id = empty_image(&stage).await;
    stage.cluster.handlers[0].restart_to_crash("upload.sent");
    let upload = tokio::spawn(answer(put(&stage, &id).body(content(1))));
    let begun = std::time::Instant::now();
    while stage.cluster.handlers[0].exit_status().is_none() {
        assert!(begun.elapsed() < SOON, "it does not die");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stage.cluster.handlers[0].restart().await;
    let (status, body) = upload.await.unwrap();
    assert_eq!((status, problem(&body)), (StatusCode::BAD_GATEWAY, "upload-broken"), "{body}");
    nothing_came_of_it(&stage, &id).await;
}
