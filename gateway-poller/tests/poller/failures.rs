//! What a failed listing leaves behind.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::id::ProcessId;
use gateway_core::skew::Skew;
use gateway_core::{Error, ErrorKind, Timestamp};
use gateway_store::TargetStatus;

use crate::cloud::{Fault, INSTANCE, VOLUME, forbidden, unauthorized};
use crate::stage::Stage;

async fn polled(kind: gateway_core::Kind) -> (Stage, gateway_poller::Poller) {
    let stage = Stage::new().await;
    stage.cloud.fill(10);
    stage.grant("a", "k", kind, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    stage.forget_writes();
    (stage, poller)
}

fn fault(make: impl Fn() -> Error + Send + Sync + 'static) -> Fault {
    Box::new(make)
}

#[tokio::test]
async fn a_partial_listing_deletes_nothing_and_keeps_what_it_saw() {
    let (stage, poller) = polled(INSTANCE).await;
    {
        let mut world = stage.cloud.world();
        world.has.insert("i0001".to_owned(), 2);
        world.has.remove("i0000");
        world.page_size = 4;
        world.list_fault =
            Some((1, fault(|| Error::new(ErrorKind::WrongDocument, "half a page came from the cloud"))));
    }
    for _ in 0..3 {
        let target = stage.poll(&poller).await;
        assert_eq!(target.status, TargetStatus::Failed);
        assert_eq!(target.reason.as_deref(), Some("half a page came from the cloud"));
    }
    let records = stage.records();
    assert_eq!((records.len(), records["i0001"]), (10, 2));
    assert_eq!(stage.cloud.world().gets, 0);
}

#[tokio::test]
async fn forbidden_is_not_empty() {
    let (stage, poller) = polled(VOLUME).await;
    let as_of = stage.target().await.as_of;
    stage.cloud.world().list_fault = Some((0, fault(forbidden)));
    let target = stage.poll(&poller).await;
    assert_eq!((target.status, target.as_of), (TargetStatus::Forbidden, as_of));
    assert!(target.interval_ms > 500_000);
    assert_eq!(stage.records().len(), 10);
    stage.cloud.world().list_fault = None;
    stage.clock.advance(Duration::from_secs(700));
    assert_eq!(stage.poll(&poller).await.status, TargetStatus::Fresh);
}

#[tokio::test]
async fn a_skewed_clock_suspends_and_its_recovery_resumes() {
    let (stage, poller) = polled(INSTANCE).await;
    let (theirs, ours) = (Timestamp::from_seconds(1_400), Timestamp::from_seconds(1_000));
    stage.cloud.world().list_fault =
        Some((0, fault(move || Skew::measure(theirs, ours, ours).to_error("cloud.example"))));
    let target = stage.poll(&poller).await;
    assert_eq!(target.status, TargetStatus::Suspended);
    assert!(target.reason.unwrap().contains("400 s ahead"));
    assert!((54_000..=66_000).contains(&target.interval_ms));
    stage.cloud.world().list_fault = None;
    let target = stage.poll(&poller).await;
    assert_eq!((target.status, target.reason), (TargetStatus::Fresh, None));
}

#[tokio::test]
async fn failures_back_off_and_one_success_ends_that() {
    let (stage, poller) = polled(INSTANCE).await;
    stage.cloud.world().list_fault = Some((0, fault(|| Error::unavailable("the cloud is down"))));
    for seconds in [5, 10, 20, 40, 80, 160, 320, 600, 600] {
        stage.clock.advance(Duration::from_secs(700));
        let ms = stage.poll(&poller).await.interval_ms;
        assert!((seconds * 900..=seconds * 1_100).contains(&ms), "{ms} for {seconds}");
    }
    stage.clock.advance(Duration::from_secs(700));
    stage.cloud.world().list_fault = None;
    let target = stage.poll(&poller).await;
    assert_eq!(target.status, TargetStatus::Fresh);
    assert!(target.interval_ms <= 66_000);
}

#[tokio::test]
async fn what_only_an_operator_may_read_is_not_told() {
    let (stage, poller) = polled(INSTANCE).await;
    stage.cloud.world().list_fault = Some((0, fault(|| Error::internal("password=hunter2"))));
    assert_eq!(stage.poll(&poller).await.reason.as_deref(), Some("internal error"));
}

#[tokio::test]
async fn a_pause_that_the_cloud_asks_for_is_kept_by_the_whole_account() {
    let stage = Stage::new().await;
    stage.grant("a", "k", INSTANCE, &["r1", "r2"]).await;
    stage.grant("b", "kb", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    assert_eq!(poller.poll_due().await.unwrap(), 3);
    stage.clock.advance(Duration::from_secs(70));
    let busy =
        || Error::new(ErrorKind::RateLimited, "too many calls").with_retry_after(Duration::from_secs(120));
    stage.cloud.world().list_fault = Some((0, fault(busy)));
    poller.poll_due().await.unwrap();
    stage.cloud.world().list_fault = None;
    let failed = stage.targets().await.into_iter().find(|t| t.status == TargetStatus::Failed).unwrap();
    assert!((119_000..=120_000).contains(&failed.interval_ms), "{}", failed.interval_ms);
    let calls = stage.cloud.world().listed.len();
    // Another process, which knows of the pause from the store alone.
    stage.clock.advance(Duration::from_secs(100));
    stage.grant("a", "k", INSTANCE, &["r1", "r2", "r3"]).await;
    assert_eq!(stage.poller().poll_due().await.unwrap(), 1, "r3 of the paused account is due");
    assert_eq!(stage.cloud.world().listed.len(), calls, "and nobody called for it");
    stage.clock.advance(Duration::from_secs(21));
    assert!(stage.poller().poll_due().await.unwrap() == 4);
    assert!(stage.cloud.world().listed.len() == calls + 4);
}

#[tokio::test]
async fn a_refused_credential_is_verified_soon() {
    let (stage, poller) = polled(INSTANCE).await;
    assert_eq!(poller.verify_due().await.unwrap(), 0);
    stage.cloud.world().list_fault = Some((0, fault(unauthorized)));
    let target = stage.poll(&poller).await;
    assert_eq!(target.status, TargetStatus::Failed);
    assert!((9_000..=11_000).contains(&target.interval_ms));
    assert_eq!(poller.verify_due().await.unwrap(), 1);
}

#[tokio::test]
async fn a_panic_is_one_targets_affair() {
    let stage = Stage::new().await;
    stage.cloud.fill(3);
    stage.grant("a", "k", INSTANCE, &["bad", "good"]).await;
    stage.cloud.world().before_page =
        Some(Arc::new(|_, region| Box::pin(async move { assert_ne!(region.as_str(), "bad", "on purpose") })));
    assert_eq!(stage.poller().poll_due().await.unwrap(), 2);
    let status: Vec<_> =
        stage.targets().await.into_iter().map(|t| (t.region.as_str().to_owned(), t.status)).collect();
    assert!(status.contains(&("bad".to_owned(), TargetStatus::Failed)), "{status:?}");
    assert!(status.contains(&("good".to_owned(), TargetStatus::Fresh)), "{status:?}");
}

#[tokio::test]
async fn who_lost_the_lease_writes_nothing() {
    let (stage, poller) = polled(INSTANCE).await;
    stage.cloud.world().has.insert("i0001".to_owned(), 2);
    stage.cloud.world().has.remove("i0000");
    let (store, clock) = (stage.store.clone(), stage.clock.clone());
    stage.cloud.world().before_page = Some(Arc::new(move |_, _| {
        let (store, clock) = (store.clone(), clock.clone());
        Box::pin(async move {
            clock.advance(Duration::from_secs(91));
            let claims = store.targets_claim(ProcessId::generate(), Duration::from_secs(90), 1).await;
            assert_eq!(claims.unwrap().len(), 1);
        })
    }));
    let before = stage.target().await;
    stage.poll(&poller).await;
    let target = stage.target().await;
    assert_eq!((target.as_of, target.status), (before.as_of, before.status));
    assert_eq!(stage.records().values().sum::<i64>(), 10, "nothing changed, nothing deleted");
    assert_eq!(stage.written(), [("poll_targets".to_owned(), 2)].into(), "the two claims");
}
