//! `/v1/sync`: parts by the handler, and the complete copy by the front.

use axum::http::StatusCode;
use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::id::Holder;
use gateway_core::kind::VolumeState;
use serde_json::Value;

use super::fake_cloud::{IMAGE, VOLUME, image, volume};
use super::gateway::TestGateway;

/// Returns more records than six parts hold.
fn fixtures(region: &str, holder: Holder, kind: Kind) -> Vec<Observed> {
    match holder {
        Holder::Global if kind == IMAGE => vec![image(&format!("image-{region}"))],
        Holder::Account(_) if kind == VOLUME => {
            (0..600).map(|n| volume(&format!("{region}-{n}"), "v", VolumeState::Available)).collect()
        }
        _ => Vec::new(),
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn parts_join_to_each_record_once() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    let (mut all, mut target, mut parts) = (Vec::new(), "/v1/sync".to_owned(), 0);
    loop {
        let answer = gateway.get(&target, &token).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.headers["content-type"], "application/x-ndjson");
        all.extend(lines(answer.body.as_str().unwrap()));
        parts += 1;
        match answer.headers.get("gateway-continue") {
            Some(next) => target = next.to_str().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(parts, 7);
    assert_complete(&all, 1202);
}

/// Asserts that the position is first, the end last, and each record between them once.
fn assert_complete(all: &[Value], count: usize) {
    let position = all[0]["position"].as_i64().unwrap();
    assert!(position > 0 && all[0]["scopes"].as_array().is_some_and(|scopes| !scopes.is_empty()));
    let end = all.last().unwrap();
    assert_eq!((&end["end"], end["position"].as_i64()), (&Value::Bool(true), Some(position)));
    let records = &all[1..all.len() - 1];
    let mut ids: Vec<_> = records.iter().map(|line| line["resource"]["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((records.len(), ids.len()), (count, count));
}

#[tokio::test]
async fn front_joins_the_parts() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    let running = super::front::start(gateway, true, super::front::UNLIMITED).await;
    let answer = running.get_as("/v1/sync?kind=volume&region=r1", &token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.header("gateway-continue").is_none(), "the header is removed");
    assert_complete(&lines(&answer.body), 600);
    let empty = running.get_as("/v1/sync?kind=instance", &token).await;
    assert_eq!(lines(&empty.body).len(), 2);
    let head = running.send_as("HEAD /v1/sync HTTP/1.1", &token).await;
    assert_eq!((head.status, head.body.as_str(), head.header("content-length")), (200, "", None));
    let old = running.send_as("GET /v1/sync HTTP/1.0\r\ngateway-continue: /v1/accounts", &token).await;
    assert_eq!(old.header("transfer-encoding"), None);
    assert_complete(&lines(&old.body), 1202);
    let wrong = running.get_as("/v1/sync?cursor=nonsense", &token).await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn copy_that_cannot_continue_is_cut_without_end() {
    let gateway = TestGateway::with(|config| config.handler.authority_milliseconds = 0).await;
    let (client, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    // The first part passes; the token is revoked before the second.
    let running = super::front::start(gateway, true, 1).await;
    let asked = running.get_as("/v1/sync", &token);
    let revoke = async {
        running.service.arrived.acquire_many(2).await.unwrap().forget();
        running.gateway.store.tokens_revoke_all(client.id).await.unwrap();
        running.service.permits.add_permits(super::front::UNLIMITED);
    };
    let (answer, ()) = tokio::join!(asked, revoke);
    assert_eq!(answer.status, 200, "the head was sent before");
    assert!(answer.cut, "the body must not look complete: {} bytes", answer.body.len());
    assert!(!answer.body.contains("\"end\""));
}

#[tokio::test]
async fn forbidden_scope_is_named() {
    let gateway = TestGateway::open().await;
    let client = gateway.client("a").await;
    let proof = gateway.check(&client, &[("c1", "p1", "no-volumes")]).await;
    let token = proof.body["token"].as_str().unwrap().to_owned();
    gateway.poll(fixtures).await;
    for (query, count) in [("", 2), ("?kind=volume", 2), ("?kind=volume&region=r1", 1), ("?kind=image", 0)] {
        let answer = gateway.get(&format!("/v1/sync{query}"), &token).await;
        let first = lines(answer.body.as_str().unwrap_or_default()).swap_remove(0);
        let scopes = first["scopes"].as_array().unwrap();
        let refused =
            scopes.iter().filter(|scope| scope["status"] == "forbidden" && scope["kind"] == "volume");
        assert_eq!(refused.count(), count, "{query}: {scopes:?}");
    }
}
