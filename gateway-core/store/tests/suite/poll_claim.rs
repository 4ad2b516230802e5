//! Claims and leases on poll targets.

use std::collections::HashSet;
use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::error::{ErrorKind, Result};
use gateway_core::id::{CredentialId, ProcessId, ResourceId};
use gateway_core::shares::CallCapacity;
use gateway_store::{Claim, Fence, Observation, PollOutcome, Store, TargetStatus, WriteGuard};

use crate::fixtures::{GLOBAL_TARGETS, INSTANCE, LATER, OWN_TARGETS, client, cloud, granted, one_account};
use crate::sightings::{Running, present};
use crate::test_store::{TestStore, until_some};

pub const TARGETS: usize = (OWN_TARGETS + GLOBAL_TARGETS) as usize;
pub const NOTHING: Duration = Duration::ZERO;

pub async fn claim(store: &Store, lease: Duration) -> Vec<Claim> {
    store.targets_claim(ProcessId::generate(), lease, 100).await.unwrap()
}

/// Claims all due targets; returns the claim of the target of instances.
pub async fn claim_instances(store: &Store, lease: Duration) -> Claim {
    let claims = claim(store, lease).await;
    claims.into_iter().find(|claim| claim.target.kind == INSTANCE).expect("instances are due")
}

fn fresh(by: CredentialId, as_of: Timestamp, next: Duration) -> PollOutcome {
    let listed = Some((as_of, by));
    PollOutcome { status: TargetStatus::Fresh, reason: None, listed, failures: 0, agreeing: 0, next }
}

fn is_lost<T: std::fmt::Debug>(outcome: Result<T>) {
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::LeaseLost);
}

pub async fn target_is_claimed_by_one_of_eight_processes(fixture: TestStore) {
    let store = &fixture.store;
    let (cloud, principal) = (cloud(store, "sim").await, client(store, "dashboard").await);
    for number in 0..10 {
        granted(store, principal, cloud, &format!("account-{number}")).await;
    }
    let all = fixture.rows("poll_targets");
    let mut claimers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = fixture.another_process();
        claimers.spawn(async move {
            let (me, mut mine) = (ProcessId::generate(), Vec::new());
            loop {
                let claims = store.targets_claim(me, LATER, 4).await.unwrap();
                if claims.is_empty()
                    && store.targets_next_due(CallCapacity::unlimited()).await.unwrap() > Some(NOTHING)
                {
                    return mine;
                }
                mine.extend(claims.into_iter().map(|claim| claim.fence));
            }
        });
    }
    let fences = claimers.join_all().await.concat();
    let distinct: HashSet<_> = fences.iter().map(|fence| fence.target).collect();
    assert_eq!((fences.len() as i64, distinct.len() as i64), (all, all));
    assert!(fences.iter().all(|fence| fence.epoch == 1), "{fences:?}");
}

pub async fn expired_lease_is_claimed_by_another_process(fixture: TestStore) {
    let store = &fixture.store;
    one_account(store).await;
    let first = claim(store, Duration::from_millis(300)).await;
    assert_eq!(first.len(), TARGETS);
    assert!(claim(store, LATER).await.is_empty(), "held");
    let other = fixture.another_process();
    let again = until_some("the leases to run out", || async {
        let claims = claim(&other, LATER).await;
        Ok((!claims.is_empty()).then_some(claims))
    })
    .await;
    assert_eq!(again.len(), TARGETS);
    for claim in again {
        let before = first.iter().find(|first| first.target.id == claim.target.id).unwrap();
        assert_eq!(claim.fence.epoch, before.fence.epoch + 1);
    }
}

pub async fn overtaken_lease_holder_writes_nothing(fixture: TestStore) {
    let store = &fixture.store;
    one_account(store).await;
    let old = claim_instances(store, NOTHING).await;
    let new = claim_instances(&fixture.another_process(), LATER).await;
    assert_eq!(old.fence.target, new.fence.target);
    let now = store.now().await.unwrap();
    let (events, by) = (fixture.rows("events"), old.credential.id);
    let seen = || Observation::of(&old.target, now, vec![present("a", Running)]);
    let missing = || HashSet::from([ResourceId::generate()]);

    is_lost(store.apply(WriteGuard::Lease(old.fence), seen()).await);
    is_lost(store.missing_set(old.fence, missing()).await);
    is_lost(store.target_renew(old.fence, NOTHING).await);
    is_lost(store.target_finish(old.fence, fresh(by, now, NOTHING)).await);
    store.target_release(old.fence).await.unwrap();
    assert_eq!((fixture.rows("resources"), fixture.rows("missing_resources")), (0, 0));
    assert_eq!(fixture.rows("events"), events);
    assert_eq!(fixture.rows("poll_targets WHERE as_of IS NOT NULL"), 0);
    assert!(claim(store, LATER).await.is_empty(), "the new lease stands");

    store.missing_set(new.fence, missing()).await.unwrap();
    store.apply(WriteGuard::Lease(new.fence), seen()).await.unwrap();
    store.target_finish(new.fence, fresh(by, now, LATER)).await.unwrap();
    assert_eq!((fixture.rows("resources"), fixture.rows("missing_resources")), (1, 1));
    is_lost(store.apply(WriteGuard::Lease(Fence { epoch: 99, ..new.fence }), seen()).await);
}

pub async fn renewed_lease_is_kept(fixture: TestStore) {
    let store = &fixture.store;
    one_account(store).await;
    let held = claim_instances(store, Duration::from_secs(3)).await;
    store.target_renew(held.fence, LATER).await.unwrap();
    let next = store.targets_next_due(CallCapacity::unlimited()).await.unwrap().unwrap();
    assert!(next <= Duration::from_secs(3), "the others are due sooner");
    let due = format!("due_at > {}", store.now().await.unwrap().plus(LATER / 2).0);
    assert_eq!(fixture.rows(&format!("poll_targets WHERE {due}")), 1);
}

pub async fn finished_target_is_due_after_its_interval(fixture: TestStore) {
    let store = &fixture.store;
    one_account(store).await;
    let held = claim(store, LATER).await;
    let began = store.now().await.unwrap();
    for claim in &held {
        assert_eq!(claim.target.status, TargetStatus::Pending);
        store.target_finish(claim.fence, fresh(claim.credential.id, began, LATER)).await.unwrap();
    }
    assert!(claim(store, LATER).await.is_empty());
    let next = store.targets_next_due(CallCapacity::unlimited()).await.unwrap().unwrap();
    assert!(next > LATER / 2 && next <= LATER, "{next:?}");

    store.target_release(held[0].fence).await.unwrap();
    let again = claim(store, LATER).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].target.as_of, Some(began));
    assert_eq!(again[0].target.listed_by, Some(held[0].credential.id));
    let failed = PollOutcome {
        status: TargetStatus::Failed,
        reason: Some("503".to_owned()),
        listed: None,
        failures: 3,
        agreeing: 1,
        next: NOTHING,
    };
    store.target_finish(again[0].fence, failed).await.unwrap();
    let target = &claim(store, LATER).await[0].target;
    assert_eq!((target.status, target.failures, target.agreeing), (TargetStatus::Failed, 3, 1));
    assert_eq!(target.as_of, Some(began), "a failure leaves the age of the records");
}

pub async fn postponed_target_is_due_later_and_otherwise_unchanged(fixture: TestStore) {
    let store = &fixture.store;
    one_account(store).await;
    let held = claim_instances(store, LATER).await;
    store.target_postpone(held.fence, LATER).await.unwrap();
    assert!(claim(store, LATER).await.is_empty());
    store.target_postpone(held.fence, NOTHING).await.unwrap();
    let again = claim_instances(store, LATER).await;
    assert_eq!((again.target.status, again.target.as_of), (TargetStatus::Pending, None));
    store.target_postpone(held.fence, NOTHING).await.unwrap();
    assert!(claim(store, LATER).await.is_empty(), "another process has the lease now");
}

pub async fn unanswered_refresh_request_makes_the_target_due_at_once(fixture: TestStore) {
    let store = &fixture.store;
    one_account(store).await;
    let held = claim_instances(store, LATER).await;
    let began = store.now().await.unwrap();
    fixture.sql().execute(&format!("UPDATE poll_targets SET wanted_at = {}", began.0 + 1));
    store.target_finish(held.fence, fresh(held.credential.id, began, LATER)).await.unwrap();
    let again = claim(store, LATER).await;
    assert_eq!(again.iter().map(|claim| claim.target.id).collect::<Vec<_>>(), [held.target.id]);
    let later = Timestamp(began.0 + 2);
    store.target_finish(again[0].fence, fresh(held.credential.id, later, LATER)).await.unwrap();
    assert!(claim(store, LATER).await.is_empty());
}
