//! Checks of credentials at clouds that hang: the shares of clouds and clients, and refusals beyond them.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::FutureExt as _;

use super::fake_cloud::proof_count;
use super::gateway::TestGateway;
use super::running_handler::{RunningHandler, document, header, until};

/// The time of a request that is not to end by its deadline.
const LONG: Duration = Duration::from_secs(60);

async fn handler(concurrency: usize) -> RunningHandler {
    let gateway = TestGateway::with(|config| config.handler.concurrency = concurrency).await;
    gateway.cloud("c2").await;
    RunningHandler::start(gateway).await
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_at_a_hung_cloud_delay_no_check_at_another() {
    let handler = handler(64).await;
    let mut hung = Vec::new();
    for number in 0..8 {
        let client = handler.gateway.client(&format!("client-{number}")).await;
        hung.extend((0..16).map(|_| handler.check(&client, &[("c1", "hung-account", "hang")], LONG)));
    }
    until("the cloud is not asked", || proof_count("hung-account") >= 16).await;
    let healthy = handler.gateway.client("healthy").await;
    let check = handler.check(&healthy, &[("c2", "healthy-account", "right")], LONG);
    let reply = tokio::time::timeout(Duration::from_secs(20), check).await.unwrap().unwrap().unwrap();
    assert_eq!(reply.status, 201, "{reply:?}");
    assert!(proof_count("hung-account") <= 32, "more than half of the slots");
    hung.iter().for_each(|check| check.abort());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_beyond_the_share_of_its_client_is_refused_at_once() {
    let handler = handler(4).await;
    let (flooding, other) = (handler.gateway.client("flooding").await, handler.gateway.client("other").await);
    let mut checks: Vec<_> =
        (0..9).map(|_| handler.check(&flooding, &[("c1", "flooded-account", "hang")], LONG)).collect();
    // One slot and a quarter of the queue are its share; four more are refused.
    for _ in 0..4 {
        let (ended, _, rest) = futures_util::future::select_all(checks).await;
        let reply = ended.unwrap().unwrap();
        let problem = document(&reply);
        assert_eq!((reply.status, &problem["type"]), (503, &"/problems/overloaded".into()), "{problem}");
        assert_eq!(problem["rejected"][0]["reason"], "overloaded");
        assert!(header(&reply, "retry-after").is_some());
        checks = rest;
    }
    assert!(checks.iter_mut().all(|check| check.now_or_never().is_none()));
    let reply = handler.check(&other, &[("c1", "other-account", "right")], LONG).await.unwrap().unwrap();
    assert_eq!(reply.status, 201, "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cloud_that_does_not_answer_is_asked_once_at_a_time() {
    let gateway = TestGateway::open().await;
    gateway.cloud_with_timeout("slow", Duration::from_millis(50)).await;
    let client = gateway.client("a").await;
    let late = gateway.check(&client, &[("slow", "p1", "late")]).await;
    assert_eq!((late.status, late.problem()), (StatusCode::SERVICE_UNAVAILABLE, "unreachable"));
    let asked = proof_count("probing-account");
    {
        let sent = [("slow", "probing-account", "hang")];
        let mut probe = Box::pin(gateway.check(&client, &sent));
        while proof_count("probing-account") == asked {
            assert!((&mut probe).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        let refused = gateway.check(&client, &[("slow", "p1", "right")]).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::SERVICE_UNAVAILABLE, "unreachable"));
        assert!(refused.headers.contains_key("retry-after"));
        let detail = refused.body["rejected"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("another check is trying it"), "{detail}");
    }
    for _ in 0..2 {
        let answer = gateway.check(&client, &[("slow", "p1", "right")]).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hung_cloud_costs_no_other_credential_of_the_request_its_time() {
    let handler = handler(64).await;
    let client = handler.gateway.client("a").await;
    let mut sent = vec![("c1", "hung", "hang"); 17];
    sent.push(("c2", "p1", "right"));
    let reply = handler.check(&client, &sent, Duration::from_secs(6)).await.unwrap().unwrap();
    let answer = document(&reply);
    assert_eq!(reply.status, 201, "{answer}");
    assert_eq!(answer["accounts"][0]["external_id"], "p1");
    let rejected = answer["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 17);
    assert!(rejected.iter().all(|one| one["cloud"] == "c1"), "{answer}");
}
