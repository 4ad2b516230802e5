//! Outages of broker and database: every call gets a clear error at once, and the gateway recovers afterwards.

use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::future::join_all;
use gateway_tests::client::Answer;
use gateway_tests::{TestCluster, tls, until};
use reqwest::Method;
use serde_json::Value;

use crate::environment::{Environment, SOON, problem_type};

/// The longest time of an error answer; a debug build beside a starting broker is slow.
const ERROR_WITHIN: Duration = Duration::from_secs(2);

/// The longest time of an error while the database is frozen, on a busy machine. The front itself would wait for 30 s.
const FROZEN_WITHIN: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_fail_without_broker_or_database_and_recover() {
    // A frozen database executes a claim whose poller has given up: nobody polls that target until the lease ends.
    let builder = TestCluster::builder("outages").own_servers().set("poller.lease_seconds", 10);
    let mut env = Environment::start(builder).await;
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

    // A frozen server refuses nothing and answers nothing.
    env.cluster.servers.as_mut().unwrap().mariadb.child().pause();
    tokio::join!(reads_fail_soon(&env), is_soon_unready(&env));
    env.cluster.servers.as_mut().unwrap().mariadb.child().resume();
    recovered(&env).await;
    until("readiness", SOON, || async { env.client.get("/ready").await }).await;

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

/// Sends many reads at once. All get 503 with `Retry-After` within seconds.
async fn reads_fail_soon(env: &Environment) {
    let begun = Instant::now();
    let reads = (0..40).map(|_| env.client.request(Method::GET, "/v1/instances?limit=1"));
    for answer in join_all(reads).await {
        let answer = answer.unwrap();
        let problem = problem_type(&answer.body);
        assert_eq!((answer.status.as_u16(), problem), (503, "unavailable"), "{}", answer.body);
        assert!(answer.headers.contains_key("retry-after"), "no Retry-After");
    }
    println!("40 reads failed within {:?} of the freeze", begun.elapsed());
    assert!(begun.elapsed() < FROZEN_WITHIN, "{:?}", begun.elapsed());
}

/// Waits until the front and the admin listeners of the others say that the database does not answer.
async fn is_soon_unready(env: &Environment) {
    let begun = Instant::now();
    let cluster = &env.cluster;
    let front = until("an unready front", FROZEN_WITHIN, || async {
        let ready = env.client.request(Method::GET, "/ready").await?;
        ensure!(ready.status == 503, "{}", ready.status);
        Ok(ready)
    })
    .await;
    assert_eq!(problem_type(&front.body), "not-ready");
    assert_eq!(front.body["detail"], "the database does not answer", "{}", front.body);
    for role in [&cluster.handlers[0], &cluster.pollers[0], &cluster.relay] {
        let (http, url) = (tls::http(), format!("{}/ready", role.admin_url()));
        let parts = until("an unready role", FROZEN_WITHIN, || async {
            let ready = http.get(&url).send().await?;
            ensure!(ready.status() == 503, "{}", ready.status());
            Ok(ready.json::<Value>().await?["parts"].clone())
        })
        .await;
        let parts = parts.as_array().unwrap();
        let part = |name| parts.iter().find(|part| part["part"] == name).unwrap();
        assert_eq!(part("broker")["ready"], true);
        assert!(part("database")["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{parts:?}");
    }
    println!("all roles were unready within {:?} of the freeze", begun.elapsed());
    assert!(begun.elapsed() < FROZEN_WITHIN, "{:?}", begun.elapsed());
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
