//! Wishes for newer listings.

use std::time::Duration;

use gateway_core::driver::EndpointClock;
use gateway_core::id::{ProcessId, TargetId};
use gateway_core::skew::Skew;
use gateway_store::{Claim, PollOutcome, RefreshProgress, Store, TargetStatus};

use crate::given::{LATER, client, cloud, granted, one_account};
use crate::plans::recorder::Recording;
use crate::stage::Stage;

/// One target that is due, claimed.
async fn claim(store: &Store) -> Option<Claim> {
    store.targets_claim(ProcessId::generate(), LATER, 1).await.unwrap().pop()
}

/// Ends a listing that began now; says whether somebody had wished for it.
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

/// All targets of an account, each listed once; the first of them.
async fn listed(store: &Store) -> TargetId {
    one_account(store).await;
    let mut first = None;
    while let Some(claim) = claim(store).await {
        assert!(!finish(store, &claim, TargetStatus::Fresh, LATER).await, "nobody had wished for it");
        first.get_or_insert(claim.target.id);
    }
    first.unwrap()
}

pub async fn a_wish_makes_just_its_target_due_and_is_granted_once(stage: Stage) {
    let store = &stage.store;
    let target = listed(store).await;
    let as_of = store.now().await.unwrap();
    for _ in 0..3 {
        store.request_refresh(vec![target], as_of).await.unwrap();
    }
    let due = claim(store).await.unwrap();
    assert_eq!(due.target.id, target);
    assert!(claim(store).await.is_none(), "the others are as they were");
    assert!(progress(store, target).await.under_way);
    assert!(finish(store, &due, TargetStatus::Fresh, LATER).await, "somebody waits for it");
    let now = progress(store, target).await;
    assert!(now.as_of.unwrap() >= as_of && !now.under_way);
    assert!(claim(store).await.is_none(), "one listing granted all three");
    store.request_refresh(vec![target], as_of).await.unwrap();
    assert!(claim(store).await.is_none(), "it is new enough already");
}

pub async fn a_wish_during_a_listing_asks_for_another_only_if_it_began_too_early(stage: Stage) {
    let store = &stage.store;
    let target = listed(store).await;
    let early = store.now().await.unwrap();
    store.request_refresh(vec![target], early).await.unwrap();
    let running = claim(store).await.unwrap();
    // Wishes that the running listing can grant, for it begins now.
    store.request_refresh(vec![target], early).await.unwrap();
    assert!(finish(store, &running, TargetStatus::Fresh, LATER).await);
    assert!(claim(store).await.is_none());
    store.request_refresh(vec![target], store.now().await.unwrap()).await.unwrap();
    let running = claim(store).await.unwrap();
    let later = store.now().await.unwrap().plus(Duration::from_secs(5));
    store.request_refresh(vec![target], later).await.unwrap();
    assert!(claim(store).await.is_none(), "not two at once");
    assert!(finish(store, &running, TargetStatus::Fresh, LATER).await);
    assert_eq!(claim(store).await.unwrap().target.id, target, "it began too early for the second wish");
}

pub async fn what_failed_a_moment_ago_is_not_tried_again_at_once(stage: Stage) {
    let store = &stage.store;
    let target = listed(store).await;
    store.request_refresh(vec![target], store.now().await.unwrap()).await.unwrap();
    let running = claim(store).await.unwrap();
    assert!(finish(store, &running, TargetStatus::Failed, LATER).await, "who waits hears of failures too");
    let failed = progress(store, target).await;
    assert_eq!((failed.status, failed.failures), (TargetStatus::Failed, 1));
    store.request_refresh(vec![target], store.now().await.unwrap()).await.unwrap();
    assert!(claim(store).await.is_none());
    assert!(progress(store, target).await.due_in.unwrap() > Duration::from_secs(1));
}

/// Lets a failure of this target be as long ago as this.
fn failed_before(stage: &Stage, target: TargetId, ago: Duration) {
    let micros = ago.as_micros();
    stage.raw().execute(&format!("UPDATE poll_targets SET due_at = due_at - {micros} WHERE id = {target}"));
}

pub async fn a_wish_brings_the_next_attempt_forward_and_lengthens_no_backoff(stage: Stage) {
    let store = &stage.store;
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
    let wish = async || store.request_refresh(vec![target], store.now().await.unwrap()).await.unwrap()[0];
    // Never failed: at once.
    assert_eq!(wish().await.due_in, Some(Duration::ZERO));
    fail(1).await;
    assert!(wish().await.due_in.unwrap() > Duration::from_secs(50), "it has failed just now");
    for _ in 0..3 {
        failed_before(&stage, target, Duration::from_secs(8));
        assert!(wish().await.due_in.unwrap() > Duration::from_secs(40), "a moment ago");
        failed_before(&stage, target, Duration::from_secs(3));
        for _ in 0..3 {
            let wished = wish().await;
            assert_eq!((wished.due_in, wished.failures), (Some(Duration::ZERO), 0), "brought forward, once");
        }
        // What fails by a wish is no further failure.
        fail(1).await;
    }
    failed_before(&stage, target, Duration::from_secs(60));
    let by_itself = claim(store).await.unwrap();
    assert_eq!((by_itself.target.id, by_itself.target.failures), (target, 1), "the next one counts");
}

pub async fn a_wish_for_many_takes_as_few_statements_as_one(stage: Stage) {
    let (cloud, principal) = (cloud(&stage.store, "sim").await, client(&stage.store, "dashboard").await);
    for number in 0..60 {
        granted(&stage.store, principal, cloud, &format!("account-{number}")).await;
    }
    let ids: Vec<_> =
        stage.raw().numbers("SELECT id AS n FROM poll_targets").into_iter().map(TargetId).collect();
    let all = ids.len() as i64;
    assert!(all > 150);
    stage.raw().execute(&format!(
        "UPDATE poll_targets SET status = 'fresh', due_at = due_at + {}",
        LATER.as_micros()
    ));
    let recording = Recording::start(stage.address());
    let store = stage.another_process();
    let as_of = store.now().await.unwrap();
    let due = store.request_refresh(ids, as_of).await.unwrap();
    let heard = recording.stop();
    let of_targets = heard.iter().filter(|statement| statement.contains("poll_targets")).count();
    assert_eq!(of_targets, 3, "{heard:#?}");
    assert!(due.len() as i64 == all && due.iter().all(|one| one.due_in == Some(Duration::ZERO)), "{due:?}");
    assert_eq!(stage.rows(&format!("poll_targets WHERE wanted_at = {}", as_of.0)), all);
}

pub async fn clocks_are_kept_by_endpoint(stage: Stage) {
    let store = &stage.store;
    let cloud = gateway_core::id::CloudId::generate();
    let clock = |endpoint: &str, micros: Option<i64>| EndpointClock {
        cloud,
        endpoint: endpoint.to_owned(),
        skew: micros.map(|micros| Skew { micros, uncertainty: Duration::from_millis(1500) }),
        age: Duration::ZERO,
    };
    assert!(store.clock_list().await.unwrap().is_empty());
    store.clocks_record(vec![clock("http://a", Some(-7)), clock("http://b", None)]).await.unwrap();
    store.clocks_record(vec![clock("http://b", Some(302_000_000))]).await.unwrap();
    let mut seen = store.clock_list().await.unwrap();
    seen.sort_by(|a, b| a.endpoint.cmp(&b.endpoint));
    let told: Vec<_> =
        seen.iter().map(|clock| (clock.endpoint.as_str(), clock.skew.unwrap().micros)).collect();
    assert_eq!(told, [("http://a", -7), ("http://b", 302_000_000)]);
    assert_eq!(seen[0].skew.unwrap().uncertainty, Duration::from_millis(1500));
    assert!(seen[1].seen_at >= seen[0].seen_at && seen[0].cloud == cloud);
    // The same again, measured some time before.
    let (age, before) = (Duration::from_secs(90), store.now().await.unwrap());
    store.clocks_record(vec![EndpointClock { age, ..clock("http://b", Some(302_000_000)) }]).await.unwrap();
    let again =
        store.clock_list().await.unwrap().into_iter().find(|clock| clock.endpoint == "http://b").unwrap();
    assert!(before.minus(age) <= again.seen_at && again.seen_at < before, "{again:?}");
}
