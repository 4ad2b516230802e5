//! Outages of broker and database: every call gets a clear error at once, and the gateway recovers afterwards.

use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_tests::client::Answer;
use gateway_tests::{TestCluster, until};
use reqwest::Method;

use crate::environment::{Environment, SOON, problem_type};

/// The longest time of an error answer; a debug build beside a starting broker is slow.
const ERROR_WITHIN: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_fail_without_broker_or_database_and_recover() {
    let mut env = Environment::start(TestCluster::builder("outages").own_servers()).await;
    env.cluster.servers.as_mut().unwrap().rabbit.kill9();
    let answer = unavailable(&env).await;
    assert!(["no-broker", "connection-lost"].contains(&problem_type(&answer.body)), "{}", answer.body);
    for _ in 0..5 {
        let begun = Instant::now();
        let answer = env.client.request(Method::GET, "/v1/instances?limit=1").await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), problem_type(&answer.body)),
            (503, "no-broker"),
            "{}",
            answer.body
        );
        assert!(begun.elapsed() < ERROR_WITHIN, "{:?}", begun.elapsed());
    }
    let ready = env.client.request(Method::GET, "/ready").await.unwrap();
    assert_eq!(ready.status, 503);
    let live = env.client.request(Method::GET, "/live").await.unwrap();
    assert_eq!(live.status, 200, "a restart would not help");
    env.cluster.servers.as_mut().unwrap().rabbit.restart().await;
    recovered(&env).await;

    env.cluster.servers.as_mut().unwrap().mariadb.kill9();
    let answer = unavailable(&env).await;
    assert_eq!(problem_type(&answer.body), "unavailable", "{}", answer.body);
    let text = answer.body.to_string();
    assert!(
        !text.contains("mysql") && !text.contains("127.0.0.1"),
        "the answer names an internal address: {text}"
    );
    env.cluster.servers.as_mut().unwrap().mariadb.restart().await;
    recovered(&env).await;

    let cluster = &mut env.cluster;
    let roles = cluster.handlers.iter_mut().chain(&mut cluster.pollers);
    for role in roles.chain([&mut cluster.relay, &mut cluster.front]) {
        let status = tokio::task::block_in_place(|| role.terminate());
        assert_eq!(status.code(), Some(0), "every process survived");
    }
}

/// Waits for the first answer with status 503.
async fn unavailable(env: &Environment) -> Answer {
    until("an error", SOON, || async {
        let answer = env.client.request(Method::GET, "/v1/instances?limit=1").await?;
        ensure!(answer.status == 503, "{} {}", answer.status, answer.body);
        ensure!(answer.headers.contains_key("retry-after"), "no Retry-After");
        Ok(answer)
    })
    .await
}

/// Waits until reads, polls and credential checks work again.
async fn recovered(env: &Environment) {
    until("reads to work", SOON, || async { env.client.get("/v1/instances?limit=1").await }).await;
    env.listed_again("instances").await;
    until("credential checks to work", SOON, || async {
        let answer = env.client.check_credentials(&[]).await?;
        ensure!(answer.status == 201, "{} {}", answer.status, answer.body);
        Ok(())
    })
    .await;
}
