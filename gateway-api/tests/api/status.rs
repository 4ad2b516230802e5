//! `/v1/status`: targets, clocks and budgets.

use std::time::Duration;

use axum::http::StatusCode;
use gateway_core::Timestamp;
use gateway_core::driver::EndpointClock;
use gateway_core::id::{AccountId, CloudId};
use gateway_core::skew::Skew;
use serde_json::json;

use super::gateway::TestGateway;

fn clock(cloud: CloudId, endpoint: &str, seconds: Option<i64>, age: Duration) -> EndpointClock {
    let skew = seconds.map(|seconds| Skew { micros: seconds * 1_000_000, uncertainty: Duration::ZERO });
    EndpointClock { cloud, endpoint: endpoint.to_owned(), skew, age }
}

#[tokio::test]
async fn status_reports_targets_clocks_and_budgets_of_the_caller_only() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.proven("b", &["p2"]).await;
    let cloud = gateway.store.cloud_by_name("c1").await.unwrap().unwrap().spec.id;
    let before = gateway.get("/v1/status", &token).await;
    assert_eq!(before.body["clouds"][0]["skew_seconds"], json!(null), "no clock was measured yet");
    gateway.poll(|_, _, _| Vec::new()).await;
    let clock = |endpoint: &str, seconds: Option<i64>| clock(cloud, endpoint, seconds, Duration::ZERO);
    let clocks = vec![clock("http://a", Some(-2)), clock("http://b", Some(1)), clock("http://c", None)];
    gateway.store.clocks_record(clocks).await.unwrap();
    gateway.store.clocks_record(vec![clock("http://b", Some(301))]).await.unwrap();
    let account = AccountId::derive(cloud, "p1");
    let until = gateway.store.now().await.unwrap().plus(Duration::from_secs(60));
    gateway.store.account_pause(account, until).await.unwrap();
    let status = gateway.second_process().get("/v1/status?kind=volume", &token).await;
    assert_eq!(status.status, StatusCode::OK, "{status:?}");
    let targets = status.body["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 2, "only of the caller's account: {targets:?}");
    for target in targets {
        assert_eq!((&target["status"], &target["kind"]), (&json!("fresh"), &json!("volume")));
        assert_eq!(target["account"], account.to_string());
        assert!(target["age_seconds"].as_f64().unwrap() < 60.0);
        assert!((1.0..61.0).contains(&target["due_in_seconds"].as_f64().unwrap()));
        assert_eq!((&target["failures"], &target["under_way"]), (&json!(0), &json!(false)));
    }
    let clock = &status.body["clouds"][0];
    assert_eq!((&clock["cloud"], &clock["skew_seconds"]), (&json!("c1"), &json!(301.0)));
    assert_eq!((&clock["rejected"], &clock["silent_endpoints"]), (&json!(true), &json!(1)));
    let budgets = status.body["budgets"].as_array().unwrap();
    assert_eq!(budgets.len(), 1);
    assert_eq!(
        (&budgets[0]["calls_per_second"], &budgets[0]["for_polling_per_second"]),
        (&json!(10.0), &json!(8.0))
    );
    assert!(budgets[0]["paused_until"].is_string(), "{budgets:?}");
    assert!(!status.body.to_string().contains("http://"), "endpoints are only for operators");
}

#[tokio::test]
async fn cloud_filter_applies_to_clocks_and_budgets() {
    let gateway = TestGateway::open().await;
    gateway.cloud("c2").await;
    let client = gateway.client("a").await;
    let proof = gateway.check(&client, &[("c1", "p1", "right"), ("c2", "p2", "right")]).await;
    let token = proof.body["token"].as_str().unwrap();
    for (query, count) in [("", 2), ("?cloud=c2", 1)] {
        let status = gateway.get(&format!("/v1/status{query}"), token).await;
        for part in ["clouds", "budgets"] {
            assert_eq!(status.body[part].as_array().unwrap().len(), count, "{part}: {status:?}");
        }
    }
}

#[tokio::test]
async fn outdated_clock_measurement_is_ignored() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    let cloud = gateway.store.cloud_by_name("c1").await.unwrap().unwrap().spec.id;
    let hour = Duration::from_secs(3600);
    let now = gateway.store.now().await.unwrap();
    let report = async || gateway.get("/v1/status", &token).await.body["clouds"][0].clone();
    let clocks =
        vec![clock(cloud, "http://a", Some(400), hour), clock(cloud, "http://b", Some(1), Duration::ZERO)];
    gateway.store.clocks_record(clocks).await.unwrap();
    let rejected = report().await;
    assert_eq!((&rejected["rejected"], &rejected["skew_seconds"]), (&json!(true), &json!(400.0)));
    let checked = Timestamp::parse(rejected["checked_at"].as_str().unwrap()).unwrap();
    assert!(now.since(checked) > hour / 2, "the time of the reported endpoint: {rejected}");
    gateway.store.clocks_record(vec![clock(cloud, "http://a", Some(400), hour * 3)]).await.unwrap();
    let right = report().await;
    assert_eq!((&right["rejected"], &right["skew_seconds"]), (&json!(false), &json!(1.0)));
    assert!(Timestamp::parse(right["checked_at"].as_str().unwrap()).unwrap() >= now);
}

#[tokio::test]
async fn change_that_is_committed_late_is_shown() {
    let gateway = TestGateway::with(|config| config.handler.authority_milliseconds = 0).await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(|_, _, _| Vec::new()).await;
    let status =
        async || gateway.get("/v1/status?kind=volume", &token).await.body["targets"][0]["status"].clone();
    assert_eq!(status().await, "fresh");
    // Its transaction waited for locks after it had read the time.
    let early = gateway.store.now().await.unwrap().minus(Duration::from_secs(25));
    gateway.execute(&format!("UPDATE poll_targets SET status = 'failed', changed_at = {}", early.0));
    assert_eq!(status().await, "failed");
}
