//! Wrong client secrets and tokens at a front: refused early, counted and logged.

use gateway_core::id::PrincipalId;
use tracing::Level;

use super::front::{UNLIMITED, start};
use super::gateway::{Client, TestGateway};
use super::log_lines::LogLines;
use super::raw_http::{Response, send_from};

/// The wrong secrets that a peer may send at once, and those that it may send during the test.
const BURST: usize = 200;

/// The attempts of the flood.
const FLOOD: usize = 400;

const BODY: &str = r#"{"credentials":[{"cloud":"c1","credential":{"method":"access_key","access_key_id":"p1","secret_access_key":"right"}}]}"#;

#[tokio::test]
async fn flood_of_wrong_secrets_is_refused_without_the_bus_and_logged_once() {
    let (lines, _guard) = LogLines::collect(Level::INFO);
    let running = start(TestGateway::open().await, true, UNLIMITED).await;
    let known = running.gateway.client("a").await;
    let check = |peer: u8, client: &Client| {
        let head = format!("POST /v1/check_credentials HTTP/1.1\r\nauthorization: {}", client.basic());
        async move { send_from(peer, running.address, &head, BODY).await }
    };
    assert_eq!(check(2, &known).await.status, 201);
    let mut answers: Vec<Response> = Vec::new();
    for _ in 0..FLOOD {
        let wrong = Client { id: PrincipalId::generate(), secret: "wrong-secret-of-the-flood".to_owned() };
        answers.push(check(2, &wrong).await);
    }
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    let checked = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(checked + refused.len(), FLOOD);
    assert!(checked >= BURST && refused.len() >= FLOOD / 4, "{checked} were checked");
    assert_eq!(running.service.exchanges.lock().unwrap().len(), checked + 1);
    assert_eq!(refused[0].problem(), "too-many-attempts");
    assert!(refused[0].header("retry-after").is_some());
    // The first of each kind is logged at once, the others with their number once a minute.
    let logged = lines.with(&["WARN", "peer=127.0.0.2"]);
    assert_eq!(logged.len(), 2, "{logged:?}");
    assert!(logged.iter().any(|line| line.contains("wrong client secret")), "{logged:?}");
    assert!(lines.with(&["wrong-secret-of-the-flood"]).is_empty());

    assert_eq!(check(2, &known).await.status, 201, "a client that was right before is not stopped");
    let elsewhere = running.gateway.client("b").await;
    assert_eq!(check(3, &elsewhere).await.status, 201, "nor is another peer");
}

#[tokio::test]
async fn forged_tokens_are_logged_once() {
    let (lines, _guard) = LogLines::collect(Level::INFO);
    let running = start(TestGateway::open().await, false, UNLIMITED).await;
    let other = TestGateway::open().await;
    let forged = other.token(PrincipalId::generate(), 0, 600);
    let expired = running.gateway.token(PrincipalId::generate(), -100, -1);
    for (peer, token) in [(2, &forged), (3, &expired)] {
        for _ in 0..50 {
            let head = format!("GET /v1/volumes HTTP/1.1\r\nauthorization: Bearer {token}");
            assert_eq!(send_from(peer, running.address, &head, "").await.status, 401);
        }
    }
    let logged = lines.with(&["WARN", "peer="]);
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(logged[0].contains("peer=127.0.0.2") && logged[0].contains("token"), "{logged:?}");
    assert!(lines.with(&[&forged]).is_empty());
    assert!(running.service.exchanges.lock().unwrap().is_empty());
}
