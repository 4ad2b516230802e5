//! The clock gate, seen by a client: 302 s are rejected and say so, 298 s are not, and it heals by itself.

use anyhow::ensure;
use gateway_tests::client::access_key;
use gateway_tests::{Cluster, until};
use serde_json::{Value, json};

use crate::stage::{SOON, Stage, collections, demo, problem};

#[tokio::test]
async fn a_cloud_with_a_wrong_clock_is_rejected_and_recovers() {
    let mut stage = Stage::set(Cluster::plan("skew")).await;
    for (seconds, direction) in [(302, "ahead of"), (-302, "behind")] {
        skewed(&stage, seconds).await;
        for collection in collections() {
            let words = ["is 302 s", "is 301 s", "is 303 s"];
            scopes(&stage, collection, "suspended", |reason| {
                words.iter().any(|word| reason.contains(word)) && reason.contains(direction)
            })
            .await;
        }
        let listing = stage.client.list("instances", &[]).await.unwrap();
        assert!(!listing.items.is_empty(), "what was known stays, with its age");
        assert!(listing.scopes[0]["as_of"].is_string());
        until("the proof to be refused", SOON, || async {
            let answer = stage.client.check_credentials(&[demo()]).await?;
            let kind = problem(&answer.body);
            ensure!((answer.status.as_u16(), kind) == (422, "clock-skew"), "{}", answer.body);
            ensure!(answer.body["rejected"][0]["reason"] == "clock_skew", "{}", answer.body);
            Ok(())
        })
        .await;

        // Still off, but not too far.
        skewed(&stage, seconds - 4 * seconds.signum()).await;
        for collection in collections() {
            stage.listed_again(collection).await;
        }
        stage.client.login(&[demo()]).await.unwrap();
    }
    no_date(&mut stage).await;
}

/// A cloud without `Date` is taken with a warning, or refused where the registration requires one.
async fn no_date(stage: &mut Stage) {
    let url = stage.simulator.url().to_owned();
    stage.cluster.add_cloud("strict", "simulator", &url, &["--require-date"]).await;
    stage.simulator.faults(json!([{"fault": "no_date"}])).await;
    for collection in collections() {
        scopes(stage, collection, "fresh", |reason| reason.contains("without Date")).await;
    }
    let strict = access_key("strict", "demo", "demo-secret");
    let answer = stage.client.check_credentials(std::slice::from_ref(&strict)).await.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.body);
    let detail = answer.body["rejected"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("without Date"), "{}", answer.body);

    stage.simulator.heal().await;
    for collection in collections() {
        scopes(stage, collection, "fresh", str::is_empty).await;
    }
    stage.client.login(&[strict]).await.unwrap();
}

async fn skewed(stage: &Stage, seconds: i64) {
    stage.simulator.faults(json!([{"fault": "skew", "seconds": seconds}])).await;
}

/// Waits until every scope of a collection has this status, and a reason that fits (empty when there is none).
async fn scopes(stage: &Stage, collection: &str, status: &str, fits: impl Fn(&str) -> bool) {
    let fits =
        |scope: &Value| scope["status"] == status && fits(scope["reason"].as_str().unwrap_or_default());
    until(&format!("{collection} to be {status}"), SOON, || async {
        let scopes = stage.client.page(collection, &[("limit", "1")]).await?.scopes;
        ensure!(!scopes.is_empty() && scopes.iter().all(fits), "{scopes:?}");
        Ok(())
    })
    .await;
}
