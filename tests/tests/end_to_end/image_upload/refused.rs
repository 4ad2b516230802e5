//! Refused uploads: by the front before it reads content, by the handler, and by the cloud.

use gateway_tests::client::access_key;
use reqwest::StatusCode;
use serde_json::json;

use super::{MIB, answer, builder, content, empty_image, put, until_queued, uploads};
use crate::environment::{CLOUD, Environment, problem_type};

#[tokio::test(flavor = "multi_thread")]
async fn refused_upload_sends_nothing_to_cloud() {
    let limit = 4 * MIB;
    let arguments = ["--account", "demo:demo-secret", "--account", "rival:rival-secret"];
    let env =
        Environment::with_cloud(builder("no-upload").set("front.upload_limit_bytes", limit), &arguments)
            .await;
    let id = empty_image(&env).await;
    let front = env.cluster.front.url();

    let (status, body) = answer(put(&env, &id).body(vec![1; limit + 1])).await;
    assert_eq!((status, problem_type(&body)), (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"), "{body}");
    let (status, body) = answer(put(&env, &id).body("")).await;
    assert_eq!((status, problem_type(&body)), (StatusCode::BAD_REQUEST, "no-content"), "{body}");
    let http = reqwest::Client::new();
    let bare = http.put(format!("{front}/v1/images/{id}/content")).bearer_auth("x").body(content(3));
    let (status, body) = answer(bare).await;
    assert_eq!((status, problem_type(&body)), (StatusCode::UNAUTHORIZED, "token-malformed"), "{body}");

    let typed = http
        .put(format!("{front}/v1/images/{id}/content"))
        .bearer_auth(env.client.token.as_ref().unwrap())
        .header("content-type", "application/json")
        .body(content(1));
    let (status, body) = answer(typed).await;
    assert_eq!(
        (status, problem_type(&body)),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type"),
        "{body}"
    );
    let public = env.client.list("images", &[]).await.unwrap().items;
    let public = public.iter().find(|image| image["visibility"] == "public").unwrap();
    let (status, body) = answer(put(&env, public["id"].as_str().unwrap()).body(content(3))).await;
    assert_eq!((status, problem_type(&body)), (StatusCode::FORBIDDEN, "not-owner"), "{body}");
    let instance = env.client.list("instances", &[]).await.unwrap().items[0]["id"].clone();
    let (status, body) = answer(put(&env, instance.as_str().unwrap()).body(content(1))).await;
    assert_eq!((status, problem_type(&body)), (StatusCode::NOT_FOUND, "no-such-resource"), "{body}");
    // Clients may not send reports.
    let operations = env.client.get("/v1/operations").await.unwrap();
    let operation = operations["items"][0]["id"].as_str().unwrap();
    let report = json!({ "ticket": "", "sent": 0, "end": null });
    let path = format!("/v1/uploads/{operation}");
    let reported = env.client.send_command(reqwest::Method::POST, &path, &report, None).await.unwrap();
    assert_eq!(reported.status, StatusCode::NOT_FOUND);

    // The image is invisible to other clients.
    let mut rival = env.cluster.register_client("rival").await;
    rival.login(&[access_key(CLOUD, "rival", "rival-secret")]).await.unwrap();
    let theirs = http
        .put(format!("{front}/v1/images/{id}/content"))
        .bearer_auth(rival.token.as_ref().unwrap())
        .body(content(3));
    let (status, body) = answer(theirs).await;
    assert_eq!((status, problem_type(&body)), (StatusCode::NOT_FOUND, "no-such-resource"), "{body}");
    assert_eq!(uploads(&env).await, json!(null));
    assert_eq!(operations["items"].as_array().unwrap().len(), 1, "only the create: {operations}");

    // Content of unknown length is refused at the limit.
    let (status, body) = answer(put(&env, &id).header("idempotency-key", "k").body(content(8))).await;
    assert_eq!((status, problem_type(&body)), (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"), "{body}");
    until_queued(&env, &id).await;
    let other = put(&env, &id).header("idempotency-key", "k").body(vec![1; MIB]);
    let (status, body) = answer(other).await;
    assert_eq!(
        (status, problem_type(&body)),
        (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused"),
        "{body}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cloud_error_of_upload_is_returned() {
    let env = Environment::start(builder("upload-errors")).await;
    let id = empty_image(&env).await;
    for (fault, status, kind, code) in [
        ("forbidden", StatusCode::FORBIDDEN, "cloud-forbids", "forbidden"),
        ("rate_limited", StatusCode::SERVICE_UNAVAILABLE, "cloud-busy", "rate_limited"),
        // The cloud refuses a valid session.
        ("unauthorized", StatusCode::BAD_GATEWAY, "cloud-unreachable", "unauthorized"),
    ] {
        env.simulator.faults(json!([{ "fault": fault, "method": "PUT", "times": 1 }])).await;
        let (answered, body) = answer(put(&env, &id).body(content(8))).await;
        assert_eq!((answered, problem_type(&body)), (status, kind), "{body}");
        assert_eq!(body["cloud"]["code"], code, "{body}");
        assert!(body["cloud"]["request_id"].is_string() && body["operation"]["id"].is_string(), "{body}");
        until_queued(&env, &id).await;
    }
    // An expired session is renewed before the content is sent.
    env.simulator.control("DELETE", "sessions", &json!(null)).await;
    let (status, body) = answer(put(&env, &id).body(content(8))).await;
    assert_eq!((status, &body["resources"][0]["state"]), (StatusCode::OK, &json!("available")), "{body}");
}
