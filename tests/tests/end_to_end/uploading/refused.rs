//! Uploads that are refused: by the front before a byte is read, by the handler, and by the cloud in its own words.

use gateway_tests::client::access_key;
use reqwest::StatusCode;
use serde_json::json;

use super::{MIB, answer, content, empty_image, plan, put, until_queued, uploads};
use crate::stage::{CLOUD, Stage, problem};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_goes_to_no_cloud() {
    let limit = 4 * MIB;
    let arguments = ["--account", "demo:demo-secret", "--account", "rival:rival-secret"];
    let stage = Stage::with_cloud(plan("no-upload").set("front.upload_limit_bytes", limit), &arguments).await;
    let id = empty_image(&stage).await;
    let front = stage.cluster.front.url();

    let (status, body) = answer(put(&stage, &id).body(vec![1; limit + 1])).await;
    assert_eq!((status, problem(&body)), (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"), "{body}");
    let (status, body) = answer(put(&stage, &id).body("")).await;
    assert_eq!((status, problem(&body)), (StatusCode::BAD_REQUEST, "no-content"), "{body}");
    let http = reqwest::Client::new();
    let bare = http.put(format!("{front}/v1/images/{id}/content")).bearer_auth("x").body(content(3));
    let (status, body) = answer(bare).await;
    assert_eq!((status, problem(&body)), (StatusCode::UNAUTHORIZED, "token-malformed"), "{body}");

    let typed = http
        .put(format!("{front}/v1/images/{id}/content"))
        .bearer_auth(stage.client.token.as_ref().unwrap())
        .header("content-type", "application/json")
        .body(content(1));
    let (status, body) = answer(typed).await;
    assert_eq!((status, problem(&body)), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "other-media-type"), "{body}");
    let public = stage.client.list("images", &[]).await.unwrap().items;
    let public = public.iter().find(|image| image["visibility"] == "public").unwrap();
    let (status, body) = answer(put(&stage, public["id"].as_str().unwrap()).body(content(3))).await;
    assert_eq!((status, problem(&body)), (StatusCode::FORBIDDEN, "not-owner"), "{body}");
    let instance = stage.client.list("instances", &[]).await.unwrap().items[0]["id"].clone();
    let (status, body) = answer(put(&stage, instance.as_str().unwrap()).body(content(1))).await;
    assert_eq!((status, problem(&body)), (StatusCode::NOT_FOUND, "no-such-resource"), "{body}");
    // Reports are no business of clients.
    let operations = stage.client.get("/v1/operations").await.unwrap();
    let operation = operations["items"][0]["id"].as_str().unwrap();
    let report = json!({ "ticket": "", "sent": 0, "end": null });
    let path = format!("/v1/uploads/{operation}");
    let told = stage.client.order(reqwest::Method::POST, &path, &report, None).await.unwrap();
    assert_eq!(told.status, StatusCode::NOT_FOUND);

    // Somebody else may not even know that there is such an image.
    let mut rival = stage.cluster.register_client("rival").await;
    rival.login(&[access_key(CLOUD, "rival", "rival-secret")]).await.unwrap();
    let theirs = http
        .put(format!("{front}/v1/images/{id}/content"))
        .bearer_auth(rival.token.as_ref().unwrap())
        .body(content(3));
    let (status, body) = answer(theirs).await;
    assert_eq!((status, problem(&body)), (StatusCode::NOT_FOUND, "no-such-resource"), "{body}");
    assert_eq!(uploads(&stage).await, json!(null));
    assert_eq!(operations["items"].as_array().unwrap().len(), 1, "the create alone: {operations}");

    // Of unknown length it is cut off at the limit.
    let (status, body) = answer(put(&stage, &id).header("idempotency-key", "k").body(content(8))).await;
    assert_eq!((status, problem(&body)), (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"), "{body}");
    until_queued(&stage, &id).await;
    let other = put(&stage, &id).header("idempotency-key", "k").body(vec![1; MIB]);
    let (status, body) = answer(other).await;
    assert_eq!(
        (status, problem(&body)),
        (StatusCode::UNPROCESSABLE_ENTITY, "key-of-another-request"),
        "{body}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_refuses_in_its_own_words() {
    let stage = Stage::set(plan("upload-words")).await;
    let id = empty_image(&stage).await;
    for (fault, status, kind, code) in [
        ("forbidden", StatusCode::FORBIDDEN, "cloud-forbids", "forbidden"),
        ("rate_limited", StatusCode::SERVICE_UNAVAILABLE, "cloud-busy", "rate_limited"),
        // The token was good a moment ago; the credential still is.
        ("unauthorized", StatusCode::BAD_GATEWAY, "cloud-unreachable", "unauthorized"),
    ] {
        stage.simulator.faults(json!([{ "fault": fault, "method": "PUT", "times": 1 }])).await;
        let (answered, body) = answer(put(&stage, &id).body(content(8))).await;
        assert_eq!((answered, problem(&body)), (status, kind), "{body}");
        assert_eq!(body["cloud"]["code"], code, "{body}");
        assert!(body["cloud"]["request_id"].is_string() && body["operation"]["id"].is_string(), "{body}");
        until_queued(&stage, &id).await;
    }
    // A session that ended unseen is renewed before the content comes.
    stage.simulator.control("DELETE", "sessions", &json!(null)).await;
    let (status, body) = answer(put(&stage, &id).body(content(8))).await;
    assert_eq!((status, &body["resources"][0]["state"]), (StatusCode::OK, &json!("available")), "{body}");
}
