//! Refresh requests.

use std::time::Duration;

use gateway_core::id::{ProcessId, TargetId};
use gateway_store::{Claim, PollOutcome, RefreshProgress, Store, TargetStatus};

use crate::fixtures::{LATER, client, cloud, granted, one_account};
use crate::recording::Recording;
use crate::test_store::TestStore;

/// Claims one due target.
async fn claim(store: &Store) -> Option<Claim> {
    store.targets_claim(ProcessId::generate(), LATER, 1).await.unwrap().pop()
}

/// Ends a listing that began now; returns whether a refresh request was waiting for it.
async fn finish(store: &Store, claim: &Claim, status: TargetStatus, next: Duration) -> bool {
    let as_of = store.now().await.unwrap();
    let listed = (status == TargetStatus::Fresh).then_some((as_of, claim.credential.id));
    let failures = i32::from(listed.is_none());
    let outcome = PollOutcome { status, reason: None, listed, failures, agreeing: 0, next };
    store.target_finish(claim.fence, outcome).await.unwrap()
}

async fn progress(store: &Store, target: TargetId) -> RefreshProgress {
    store.refresh_progress(vec![target]).await.unwrap().1[0]
}

/// Lists all targets of an account once; returns the first of them.
async fn listed(store: &Store) -> TargetId {
    one_account(store).await;
    let mut first = None;
    while let Some(claim) = claim(store).await {
        assert!(!finish(store, &claim, TargetStatus::Fresh, LATER).await, "no refresh request was waiting");
        first.get_or_insert(claim.target.id);
    }
    first.unwrap()
}

pub async fn refresh_request_makes_only_its_target_due_and_is_answered_once(fixture: TestStore) {
    let store = &fixture.store;
    let target = listed(store).await;
    let as_of = store.now().await.unwrap();
    for _ in 0..3 {
        store.request_refresh(vec![target], as_of).await.unwrap();
    }
    let due = claim(store).await.unwrap();
    assert_eq!(due.target.id, target);
    assert!(claim(store).await.is_none(), "the other targets are unchanged");
    assert!(progress(store, target).await.under_way);
    assert!(finish(store, &due, TargetStatus::Fresh, LATER).await, "a refresh request was waiting");
    let now = progress(store, target).await;
    assert!(now.as_of.unwrap() >= as_of && !now.under_way);
    assert!(claim(store).await.is_none(), "one listing answered all three");
    store.request_refresh(vec![target], as_of).await.unwrap();
    assert!(claim(store).await.is_none(), "it is fresh enough already");
}

pub async fn refresh_request_during_a_listing_repeats_only_an_early_listing(fixture: TestStore) {
    let store = &fixture.store;
    let target = listed(store).await;
    let early = store.now().await.unwrap();
    store.request_refresh(vec![target], early).await.unwrap();
    let running = claim(store).await.unwrap();
    // A request that the running listing can answer, for it begins now.
    store.request_refresh(vec![target], early).await.unwrap();
    assert!(finish(store, &running, TargetStatus::Fresh, LATER).await);
    assert!(claim(store).await.is_none());
    store.request_refresh(vec![target], store.now().await.unwrap()).await.unwrap();
    let running = claim(store).await.unwrap();
    let later = store.now().await.unwrap().plus(Duration::from_secs(5));
    store.request_refresh(vec![target], later).await.unwrap();
    assert!(claim(store).await.is_none(), "not two at once");
    assert!(finish(store, &running, TargetStatus::Fresh, LATER).await);
    assert_eq!(claim(store).await.unwrap().target.id, target, "it began too early for the second request");
}

pub async fn refresh_request_after_a_recent_failure_waits(fixture: TestStore) {
    let store = &fixture.store;
    let target = listed(store).await;
    store.request_refresh(vec![target], store.now().await.unwrap()).await.unwrap();
    let running = claim(store).await.unwrap();
    assert!(
        finish(store, &running, TargetStatus::Failed, LATER).await,
        "a failure answers the waiting request too"
    );
    let failed = progress(store, target).await;
    assert_eq!((failed.status, failed.failures), (TargetStatus::Failed, 1));
    store.request_refresh(vec![target], store.now().await.unwrap()).await.unwrap();
    assert!(claim(store).await.is_none());
    assert!(progress(store, target).await.due_in.unwrap() > Duration::from_secs(1));
}

/// Moves the last failure of a target into the past.
fn backdate_failure(fixture: &TestStore, target: TargetId, ago: Duration) {
    let micros = ago.as_micros();
    fixture.sql().execute(&format!("UPDATE poll_targets SET due_at = due_at - {micros} WHERE id = {target}"));
}

pub async fn refresh_request_brings_an_attempt_forward_without_longer_backoff(fixture: TestStore) {
    let store = &fixture.store;
    let target = listed(store).await;
    let fail = async |failures: i32| {
        let running = claim(store).await.unwrap();
        assert_eq!((running.target.id, running.target.failures), (target, failures - 1));
        let next = Duration::from_secs(60);
        let outcome = PollOutcome {
            status: TargetStatus::Failed,
            reason: None,
            listed: None,
            failures,
            agreeing: 0,
            next,
        };
        store.target_finish(running.fence, outcome).await.unwrap();
    };
    let request = async || store.request_refresh(vec![target], store.now().await.unwrap()).await.unwrap()[0];
    // Never failed: at once.
    assert_eq!(request().await.due_in, Some(Duration::ZERO));
    fail(1).await;
    assert!(request().await.due_in.unwrap() > Duration::from_secs(50), "it has failed just now");
    for _ in 0..3 {
        backdate_failure(&fixture, target, Duration::from_secs(8));
        assert!(request().await.due_in.unwrap() > Duration::from_secs(40), "a moment ago");
        backdate_failure(&fixture, target, Duration::from_secs(3));
        for _ in 0..3 {
            let progress_now = request().await;
            assert_eq!(
                (progress_now.due_in, progress_now.failures),
                (Some(Duration::ZERO), 0),
                "brought forward, once"
            );
        }
        // A failed attempt that a request brought forward is no further failure.
        fail(1).await;
    }
    backdate_failure(&fixture, target, Duration::from_secs(60));
    let by_itself = claim(store).await.unwrap();
    assert_eq!((by_itself.target.id, by_itself.target.failures), (target, 1), "the next failure counts");
}

pub async fn refresh_request_for_many_targets_takes_three_statements(fixture: TestStore) {
    let (cloud, principal) = (cloud(&fixture.store, "sim").await, client(&fixture.store, "dashboard").await);
    for number in 0..60 {
        granted(&fixture.store, principal, cloud, &format!("account-{number}")).await;
    }
    let ids: Vec<_> =
        fixture.sql().numbers("SELECT id AS n FROM poll_targets").into_iter().map(TargetId).collect();
    let all = ids.len() as i64;
    assert!(all > 150);
    fixture.sql().execute(&format!(
        "UPDATE poll_targets SET status = 'fresh', due_at = due_at + {}",
        LATER.as_micros()
    ));
    let recording = Recording::start(fixture.address());
    let store = fixture.another_process();
    let as_of = store.now().await.unwrap();
    let due = store.request_refresh(ids, as_of).await.unwrap();
    let recorded = recording.stop();
    let of_targets = recorded.iter().filter(|statement| statement.contains("poll_targets")).count();
    assert_eq!(of_targets, 3, "{recorded:#?}");
    assert!(due.len() as i64 == all && due.iter().all(|one| one.due_in == Some(Duration::ZERO)), "{due:?}");
    assert_eq!(fixture.rows(&format!("poll_targets WHERE wanted_at = {}", as_of.0)), all);
}
