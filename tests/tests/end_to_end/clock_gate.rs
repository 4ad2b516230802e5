//! The clock gate: a skew of 302 s is rejected with a reason, 298 s is accepted, and the cloud recovers by itself.

use anyhow::ensure;
use gateway_tests::client::access_key;
use gateway_tests::{TestCluster, until};
use serde_json::{Value, json};

use crate::environment::{Environment, SOON, collections, demo_credential, problem_type};

#[tokio::test]
async fn cloud_with_wrong_clock_is_suspended_and_recovers() {
    let mut env = Environment::start(TestCluster::builder("clock_gate")).await;
    for (seconds, direction) in [(302, "ahead of"), (-302, "behind")] {
        set_clock_skew(&env, seconds).await;
        for collection in collections() {
            let texts = ["is 302 s", "is 301 s", "is 303 s"];
            scopes(&env, collection, "suspended", |reason| {
                texts.iter().any(|text| reason.contains(text)) && reason.contains(direction)
            })
            .await;
        }
        let listing = env.client.list("instances", &[]).await.unwrap();
        assert!(!listing.items.is_empty(), "known items stay, with their age");
        assert!(listing.scopes[0]["as_of"].is_string());
        until("the credential check to be refused", SOON, || async {
            let answer = env.client.check_credentials(&[demo_credential()]).await?;
            let kind = problem_type(&answer.body);
            ensure!((answer.status.as_u16(), kind) == (422, "clock-skew"), "{}", answer.body);
            ensure!(answer.body["rejected"][0]["reason"] == "clock_skew", "{}", answer.body);
            Ok(())
        })
        .await;

        // A skew within the limit.
        set_clock_skew(&env, seconds - 4 * seconds.signum()).await;
        for collection in collections() {
            env.listed_again(collection).await;
        }
        env.client.login(&[demo_credential()]).await.unwrap();
    }
    without_date(&mut env).await;
}

/// Asserts that a cloud without `Date` is accepted with a warning, or refused if the registration requires it.
async fn without_date(env: &mut Environment) {
    let url = env.simulator.url().to_owned();
    env.cluster.add_cloud("strict", "simulator", &url, &["--require-date"]).await;
    env.simulator.faults(json!([{"fault": "no_date"}])).await;
    for collection in collections() {
        scopes(env, collection, "fresh", |reason| reason.contains("without Date")).await;
    }
    let strict = access_key("strict", "demo", "demo-secret");
    let answer = env.client.check_credentials(std::slice::from_ref(&strict)).await.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.body);
    let detail = answer.body["rejected"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("without Date"), "{}", answer.body);

    env.simulator.heal().await;
    for collection in collections() {
        scopes(env, collection, "fresh", str::is_empty).await;
    }
    env.client.login(&[strict]).await.unwrap();
}

async fn set_clock_skew(env: &Environment, seconds: i64) {
    env.simulator.faults(json!([{"fault": "skew", "seconds": seconds}])).await;
}

/// Waits until every scope of a collection has this status and a matching reason (empty if there is none).
async fn scopes(env: &Environment, collection: &str, status: &str, fits: impl Fn(&str) -> bool) {
    let fits =
        |scope: &Value| scope["status"] == status && fits(scope["reason"].as_str().unwrap_or_default());
    until(&format!("{collection} to be {status}"), SOON, || async {
        let scopes = env.client.page(collection, &[("limit", "1")]).await?.scopes;
        ensure!(!scopes.is_empty() && scopes.iter().all(fits), "{scopes:?}");
        Ok(())
    })
    .await;
}
