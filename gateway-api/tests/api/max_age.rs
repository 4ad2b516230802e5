//! `max_age` and `/v1/refresh`: when a request waits, for which targets, and its answer if a listing fails.

use std::time::Duration;

use axum::http::StatusCode;
use gateway_core::id::ProcessId;
use gateway_store::{PollOutcome, TargetStatus};
use serde_json::Value;
use tokio::time::timeout;

use super::gateway::TestGateway;

fn scopes(body: &Value) -> Vec<&Value> {
    body["scopes"].as_array().unwrap().iter().collect()
}

/// Finishes an empty listing of every due target as a poller does, with its nudge. Returns the number of listings.
async fn finish_listings(gateway: &TestGateway, status: TargetStatus) -> usize {
    let lease = Duration::from_secs(30);
    let claims = gateway.store.targets_claim(ProcessId::generate(), lease, 100).await.unwrap();
    for claim in &claims {
        let as_of = gateway.store.now().await.unwrap();
        let outcome = PollOutcome {
            status,
            reason: (status != TargetStatus::Fresh).then(|| "the cloud is on fire".to_owned()),
            listed: (status == TargetStatus::Fresh).then_some((as_of, claim.credential.id)),
            failures: i32::from(status != TargetStatus::Fresh),
            agreeing: 0,
            next: Duration::from_secs(60),
        };
        let is_requested = gateway.store.target_finish(claim.fence, outcome).await.unwrap();
        if is_requested {
            gateway.bus.nudge(gateway_bus::Nudge::TargetListed { target: claim.target.id }).await;
        }
    }
    claims.len()
}

#[tokio::test]
async fn fresh_data_is_answered_without_a_listing() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    finish_listings(&gateway, TargetStatus::Fresh).await;
    let mut nudges = gateway.bus.nudges();
    // Nothing is written either, because the test holds the database's only write lock.
    let lock = gateway.write_lock();
    let list = timeout(Duration::from_secs(5), gateway.get("/v1/volumes?max_age=50s", &token)).await.unwrap();
    assert_eq!(list.status, StatusCode::OK, "{list:?}");
    assert!(scopes(&list.body).iter().all(|scope| scope["status"] == "fresh"));
    let bearer = format!("Bearer {token}");
    let refresh = gateway.send("POST", "/v1/refresh?max_age=50s", Some(&bearer), String::new());
    let refreshed = timeout(Duration::from_secs(5), refresh).await.unwrap();
    assert_eq!(refreshed.status, StatusCode::OK, "{refreshed:?}");
    drop(lock);
    assert!(nudges.try_recv().is_err(), "no poller was told to list");
    assert_eq!(finish_listings(&gateway, TargetStatus::Fresh).await, 0, "nothing became due");
}

#[tokio::test]
async fn hundred_requests_share_one_listing_of_their_target() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    finish_listings(&gateway, TargetStatus::Fresh).await;
    let before = gateway.store.now().await.unwrap();
    let ask = || gateway.get("/v1/volumes?region=r1&max_age=0s", &token);
    let asked = futures_util::future::join_all((0..100).map(|_| ask()));
    let lists = async {
        let mut count = 0;
        // After a pause, all of them have requested the refresh.
        while count == 0 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            count = finish_listings(&gateway, TargetStatus::Fresh).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        count + finish_listings(&gateway, TargetStatus::Fresh).await
    };
    let (answers, lists) = tokio::join!(asked, lists);
    assert_eq!(lists, 1);
    for answer in answers {
        let scope = scopes(&answer.body)[0];
        assert_eq!(scope["status"], "fresh", "{scope}");
        assert!(gateway_core::Timestamp::parse(scope["as_of"].as_str().unwrap()).unwrap() >= before);
    }
}

#[tokio::test]
async fn refresh_beyond_the_share_of_its_principal_is_refused_at_once() {
    // Four requests may wait in the process, two of them for one principal.
    let gateway = TestGateway::with(|config| config.handler.concurrency = 1).await;
    let (_, flooding) = gateway.proven("flooding", &["p1"]).await;
    let (_, other) = gateway.proven("other", &["p2"]).await;
    finish_listings(&gateway, TargetStatus::Fresh).await;
    let ask = |token| gateway.get("/v1/volumes?region=r1&max_age=0s", token);
    let mut waiting = vec![Box::pin(ask(&flooding)), Box::pin(ask(&flooding))];
    for request in &mut waiting {
        assert!(timeout(Duration::from_millis(500), request).await.is_err(), "it waits for a listing");
    }
    let refused = timeout(Duration::from_secs(5), ask(&flooding)).await.unwrap();
    assert_eq!(
        (refused.status, &refused.body["type"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"/problems/overloaded".into())
    );
    assert!(refused.headers.contains_key("retry-after"));
    waiting.push(Box::pin(ask(&other)));
    assert!(timeout(Duration::from_millis(500), &mut waiting[2]).await.is_err(), "it waits for a listing");
    finish_listings(&gateway, TargetStatus::Fresh).await;
    for answer in futures_util::future::join_all(waiting).await {
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
}

#[tokio::test]
async fn failed_listing_is_named_in_scopes() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    finish_listings(&gateway, TargetStatus::Fresh).await;
    let ask = gateway.get("/v1/volumes?region=r1&max_age=0s", &token);
    let fail = async {
        while finish_listings(&gateway, TargetStatus::Failed).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (answer, ()) = tokio::join!(ask, fail);
    let scope = scopes(&answer.body)[0];
    assert_eq!((&scope["status"], &scope["reason"]), (&"failed".into(), &"the cloud is on fire".into()));
    // A listing that has just failed is not requested again, and the request does not wait.
    let again = timeout(Duration::from_secs(2), gateway.get("/v1/volumes?region=r1&max_age=0s", &token));
    assert_eq!(scopes(&again.await.unwrap().body)[0]["status"], "failed");
    assert_eq!(finish_listings(&gateway, TargetStatus::Fresh).await, 0);
}

#[tokio::test]
async fn refresh_names_its_scopes_and_waits_unless_told_otherwise() {
    let gateway = TestGateway::open().await;
    let (client, token) = gateway.proven("a", &["p1"]).await;
    finish_listings(&gateway, TargetStatus::Fresh).await;
    let bearer = format!("Bearer {token}");
    let asked =
        gateway.send("POST", "/v1/refresh?kind=volume&wait=false", Some(&bearer), String::new()).await;
    assert_eq!((asked.status, scopes(&asked.body).len()), (StatusCode::ACCEPTED, 2), "{asked:?}");
    assert_eq!(finish_listings(&gateway, TargetStatus::Fresh).await, 2, "volumes in both regions");
    let ask = gateway.send("POST", "/v1/refresh?region=r2&max_age=1m", Some(&bearer), String::new());
    let answer = timeout(Duration::from_secs(5), ask).await.expect("all scopes are fresh enough");
    assert_eq!(answer.status, StatusCode::OK);
    assert!(scopes(&answer.body).iter().all(|scope| scope["region"] == "r2" && scope["status"] == "fresh"));
    for (query, word) in
        [("kind=volumes", "volume"), ("wait=perhaps", "true"), ("max_age=soon", "5s"), ("cloud=c9", "c9")]
    {
        let wrong = gateway.send("POST", &format!("/v1/refresh?{query}"), Some(&bearer), String::new()).await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(wrong.body["detail"].as_str().unwrap().contains(word), "{wrong:?}");
    }
    let basic = gateway.send("POST", "/v1/refresh", Some(&client.basic()), String::new()).await;
    assert_eq!(basic.problem(), "token-missing");
}

#[tokio::test]
async fn token_revoked_during_the_wait_is_refused() {
    let gateway = TestGateway::open().await;
    let (client, token) = gateway.proven("a", &["p1"]).await;
    finish_listings(&gateway, TargetStatus::Fresh).await;
    let bearer = format!("Bearer {token}");
    let list = gateway.get("/v1/volumes?region=r1&max_age=0s", &token);
    let refresh = gateway.send("POST", "/v1/refresh?region=r1&kind=volume", Some(&bearer), String::new());
    let revoke = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        gateway.store.tokens_revoke_all(client.id).await.unwrap();
        assert!(finish_listings(&gateway, TargetStatus::Fresh).await > 0);
    };
    let (list, refresh, ()) = tokio::join!(list, refresh, revoke);
    assert_eq!((list.status, refresh.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
}
