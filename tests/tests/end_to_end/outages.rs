//! The broker or the database goes away: every call gets a clear error at once, and all is well when it is back.

use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_tests::client::Answer;
use gateway_tests::{Cluster, until};
use reqwest::Method;

use crate::stage::{SOON, Stage, problem};

/// "At once" for an error; a debug build beside a starting broker is slow.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_broker_or_database_calls_fail_clearly_and_recover() {
    let mut stage = Stage::set(Cluster::plan("outages").own_servers()).await;
    stage.cluster.servers.as_mut().unwrap().rabbit.kill9();
    let answer = unavailable(&stage).await;
    assert!(["no-broker", "connection-lost"].contains(&problem(&answer.body)), "{}", answer.body);
    for _ in 0..5 {
        let begun = Instant::now();
        let answer = stage.client.request(Method::GET, "/v1/instances?limit=1").await.unwrap();
        assert_eq!((answer.status.as_u16(), problem(&answer.body)), (503, "no-broker"), "{}", answer.body);
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    }
    let ready = stage.client.request(Method::GET, "/ready").await.unwrap();
    assert_eq!(ready.status, 503);
    let live = stage.client.request(Method::GET, "/live").await.unwrap();
    assert_eq!(live.status, 200, "a restart would not help");
    stage.cluster.servers.as_mut().unwrap().rabbit.restart().await;
    recovered(&stage).await;

    stage.cluster.servers.as_mut().unwrap().mariadb.kill9();
    let answer = unavailable(&stage).await;
    assert_eq!(problem(&answer.body), "unavailable", "{}", answer.body);
    let text = answer.body.to_string();
    assert!(!text.contains("mysql") && !text.contains("127.0.0.1"), "nothing of the inside: {text}");
    stage.cluster.servers.as_mut().unwrap().mariadb.restart().await;
    recovered(&stage).await;

    let cluster = &mut stage.cluster;
    let roles = cluster.handlers.iter_mut().chain(&mut cluster.pollers);
    for role in roles.chain([&mut cluster.relay, &mut cluster.front]) {
        let status = tokio::task::block_in_place(|| role.terminate());
        assert_eq!(status.code(), Some(0), "all have lived through it");
    }
}

/// Waits for the first answer that tells of the outage.
async fn unavailable(stage: &Stage) -> Answer {
    until("an error", SOON, || async {
        let answer = stage.client.request(Method::GET, "/v1/instances?limit=1").await?;
        ensure!(answer.status == 503, "{} {}", answer.status, answer.body);
        ensure!(answer.headers.contains_key("retry-after"), "no Retry-After");
        Ok(answer)
    })
    .await
}

/// Reads, polls and proofs work again, with nobody's help.
async fn recovered(stage: &Stage) {
    until("reads to work", SOON, || async { stage.client.get("/v1/instances?limit=1").await }).await;
    stage.listed_again("instances").await;
    until("proofs to work", SOON, || async {
        let answer = stage.client.check_credentials(&[]).await?;
        ensure!(answer.status == 201, "{} {}", answer.status, answer.body);
        Ok(())
    })
    .await;
}
