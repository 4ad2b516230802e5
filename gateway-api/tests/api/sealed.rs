//! Handlers on the bus: seals, secrets in clear, panics and deadlines.

use std::time::Duration;

use gateway_api::handler::HandlerService;
use gateway_bus::sealing::{open_reply, seal_request};
use gateway_bus::{Body, Delivery, Envelope, RequestService as _, WorkClass};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

use super::gateway::{Client, TestGateway};

const DELIVERY: Delivery = Delivery { class: WorkClass::Check, redelivered: false, reply_owner: None };

#[tokio::test]
async fn answer_to_the_queue_of_another_principal_is_refused() {
    let gateway = TestGateway::open().await;
    let (one, other) = (gateway.client("a").await, gateway.client("b").await);
    let handler = HandlerService::new(Arc::clone(&gateway.api), true).unwrap();
    for (owner, status) in [(one.id, 201), (other.id, 403)] {
        let delivery = Delivery { reply_owner: Some(owner), ..DELIVERY };
        assert_eq!(handler.call(proof(&gateway, &one, "right"), delivery).await.status, status);
    }
}

fn envelope(gateway: &TestGateway, method: &str, target: &str, authorization: &str, body: &str) -> Envelope {
    Envelope {
        method: method.to_owned(),
        headers: vec![("authorization".to_owned(), authorization.to_owned())],
        body: Body::from_bytes(body.as_bytes()),
        ..Envelope::get(target, gateway.clock.now(), Duration::from_secs(30))
    }
}

fn proof(gateway: &TestGateway, client: &Client, secret: &str) -> Envelope {
    let credential = json!({ "method": "access_key", "access_key_id": "p1", "secret_access_key": secret });
    let body = json!({ "credentials": [{ "cloud": "c1", "credential": credential }] }).to_string();
    envelope(gateway, "POST", "/v1/check_credentials", &client.basic(), &body)
}

fn document(body: &Body) -> Value {
    serde_json::from_slice(&body.to_bytes().unwrap()).unwrap()
}

#[tokio::test]
async fn token_is_sealed_in_the_reply_to_sealed_secrets() {
    let gateway = TestGateway::open().await;
    let client = gateway.client("a").await;
    let handler = HandlerService::new(Arc::clone(&gateway.api), false).unwrap();
    let plain = handler.call(proof(&gateway, &client, "right"), DELIVERY).await;
    assert_eq!(plain.status, 403);
    assert!(document(&plain.body)["detail"].as_str().unwrap().contains("sealed"));

    let mut sealed = proof(&gateway, &client, "right");
    let id = sealed.message_id;
    seal_request(&mut sealed, true, &gateway.keyring.get(), gateway.clock.now()).unwrap();
    let mut replayed = sealed.clone();
    let reply = handler.call(sealed, DELIVERY).await;
    assert_eq!(reply.status, 201);
    assert!(matches!(reply.body, Body::Sealed(_)));
    let opened = open_reply(&reply.body, id, &gateway.keyring.get()).unwrap();
    assert!(serde_json::from_slice::<Value>(&opened).unwrap()["token"].is_string());

    replayed.message_id = Uuid::now_v7();
    let replayed = handler.call(replayed, DELIVERY).await;
    assert_eq!(replayed.status, 400, "a seal opens in its own envelope only");

    let trusting = HandlerService::new(Arc::clone(&gateway.api), true).unwrap();
    let plain = trusting.call(proof(&gateway, &client, "right"), DELIVERY).await;
    assert_eq!(plain.status, 201);
    assert!(document(&plain.body)["token"].is_string());
}

#[tokio::test]
async fn panic_is_answered_and_the_next_request_is_served() {
    let gateway = TestGateway::open().await;
    let client = gateway.client("a").await;
    let handler = HandlerService::new(Arc::clone(&gateway.api), true).unwrap();
    let reply = handler.call(proof(&gateway, &client, "panic"), DELIVERY).await;
    assert_eq!(reply.status, 500);
    assert_eq!(document(&reply.body)["type"], "/problems/internal");
    assert_eq!(handler.call(proof(&gateway, &client, "right"), DELIVERY).await.status, 201);
}

#[tokio::test]
async fn hung_cloud_does_not_fail_the_check_of_another() {
    let gateway = TestGateway::open().await;
    let client = gateway.client("a").await;
    let handler = HandlerService::new(Arc::clone(&gateway.api), true).unwrap();
    let mut hanging = proof(&gateway, &client, "hang");
    hanging.deadline = gateway.clock.now().plus(Duration::from_secs(7));
    let reply = handler.call(hanging, DELIVERY).await;
    assert_eq!(reply.status, 503, "before the deadline, in words");
    assert_eq!(document(&reply.body)["rejected"][0]["reason"], "unreachable");
}

#[tokio::test]
async fn envelope_without_a_request_is_answered_with_a_problem() {
    let gateway = TestGateway::open().await;
    let handler = HandlerService::new(Arc::clone(&gateway.api), true).unwrap();
    for (method, target) in [("G T", "/v1/clouds"), ("GET", "no path"), ("GET", "")] {
        let reply = handler.call(envelope(&gateway, method, target, "Bearer x", ""), DELIVERY).await;
        assert_eq!(reply.status, 400, "{method} {target}");
    }
    let mut twice = envelope(&gateway, "GET", "/v1/clouds", "Bearer x", "");
    twice.headers.push(("authorization".to_owned(), "Bearer y".to_owned()));
    assert_eq!(handler.call(twice, DELIVERY).await.status, 401);
}

#[tokio::test]
async fn refresh_request_takes_no_slot_of_writes_and_checks() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    let handler = HandlerService::new(Arc::clone(&gateway.api), true).unwrap();
    for (class, status) in
        [(WorkClass::Read, 400), (WorkClass::Write, 400), (WorkClass::Check, 400), (WorkClass::Refresh, 200)]
    {
        let mut asked = envelope(&gateway, "GET", "/v1/volumes?max_age=0s", &format!("Bearer {token}"), "");
        asked.deadline = gateway.clock.now().plus(Duration::from_secs(4));
        let delivery = Delivery { class, ..DELIVERY };
        assert_eq!(handler.call(asked, delivery).await.status, status, "{class:?}");
    }
}
