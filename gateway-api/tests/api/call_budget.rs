//! The call budget of an account, kept by all handlers together. The clouds of these tests allow ten calls a second, two of
//! them for checks and operations, which save up twenty.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;

use super::fake_cloud::call_count;
use super::gateway::TestGateway;

/// The time for which calls are counted.
const TIME: Duration = Duration::from_secs(3);

/// Returns the calls that a budget allows in a time after it was idle, and some for the begin, when not every process
/// knows of the others.
fn allowed(elapsed: Duration) -> usize {
    20 + 2 * usize::try_from(elapsed.as_secs() + 1).unwrap() + 14
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_of_several_handlers_keep_to_the_budget_of_their_account() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("dashboard", &["paced-operations"]).await;
    let begun = (Instant::now(), call_count("paced-operations"));
    let handlers: Vec<_> = (0..4).map(|_| gateway.second_process()).collect();
    let bearer = format!("Bearer {token}");
    for number in 0..12 {
        for (handler, process) in handlers.iter().enumerate() {
            let command =
                json!({ "name": format!("paced-{handler}-{number}"), "size_gib": 1, "region": "r1" });
            let headers = [("prefer", "respond-async")];
            let answer =
                process.exchange("POST", "/v1/volumes", Some(&bearer), &headers, command.to_string()).await;
            assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        }
    }
    tokio::time::sleep(TIME).await;
    let made = call_count("paced-operations") - begun.1;
    assert!(made <= allowed(begun.0.elapsed()), "{made} calls in {:?}", begun.0.elapsed());
    assert!(made >= 8, "each handler has calls: {made}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credential_checks_spend_the_budget_of_their_account() {
    let gateway = Arc::new(TestGateway::open().await);
    let client = gateway.client("a").await;
    let begun = Instant::now();
    let checks: Vec<_> = (0..14)
        .map(|_| {
            let (gateway, client) = (Arc::clone(&gateway), client.clone());
            tokio::spawn(async move { gateway.check(&client, &[("c1", "paced-checks", "right")]).await })
        })
        .collect();
    tokio::time::sleep(TIME).await;
    let made = call_count("paced-checks");
    // A login is charged too, but waits for no budget: its account is not known.
    assert!(made <= allowed(begun.elapsed()) + 14, "{made} calls in {:?}", begun.elapsed());
    checks.iter().for_each(|check| check.abort());
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_in_several_handlers_keep_to_the_budget_of_their_account() {
    let gateway = TestGateway::open().await;
    let mut handlers = Vec::new();
    for number in 0..4 {
        handlers
            .push((Arc::new(gateway.second_process()), gateway.client(&format!("client-{number}")).await));
    }
    let begun = Instant::now();
    let checks: Vec<_> = handlers
        .iter()
        .flat_map(|(handler, client)| (0..10).map(move |_| (Arc::clone(handler), client.clone())))
        .map(|(handler, client)| {
            tokio::spawn(async move { handler.check(&client, &[("c1", "paced-shared", "right")]).await })
        })
        .collect();
    tokio::time::sleep(TIME).await;
    let made = call_count("paced-shared");
    // Forty logins, and what each handler saved up for the moment before it knew of the others.
    assert!(made <= allowed(begun.elapsed()) + 40 + 22, "{made} calls in {:?}", begun.elapsed());
    checks.iter().for_each(|check| check.abort());
}
