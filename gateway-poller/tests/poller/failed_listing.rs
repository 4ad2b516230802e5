//! Failed listings: status and reason of the target, backoff, pauses, lost leases.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::id::ProcessId;
use gateway_core::skew::Skew;
use gateway_core::{Error, ErrorKind, Timestamp};
use gateway_store::TargetStatus;
use tracing::Level;

use crate::environment::Environment;
use crate::fake_cloud::{ErrorSource, INSTANCE, VOLUME, forbidden, unauthorized};
use crate::log_lines::LogLines;

async fn polled(kind: gateway_core::Kind) -> (Environment, gateway_poller::Poller) {
    let env = Environment::new().await;
    env.cloud.fill(10);
    env.grant("a", "k", kind, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    env.reset_written();
    (env, poller)
}

fn error_source(make: impl Fn() -> Error + Send + Sync + 'static) -> ErrorSource {
    Box::new(make)
}

#[tokio::test]
async fn partial_listing_deletes_nothing_and_keeps_its_observations() {
    let (env, poller) = polled(INSTANCE).await;
    {
        let mut state = env.cloud.state();
        state.resources.insert("i0001".to_owned(), 2);
        state.resources.remove("i0000");
        state.page_size = 4;
        state.list_error = Some((
            1,
            error_source(|| Error::new(ErrorKind::WrongDocument, "half a page came from the cloud")),
        ));
    }
    for _ in 0..3 {
        let target = env.poll(&poller).await;
        assert_eq!(target.status, TargetStatus::Failed);
        assert_eq!(target.reason.as_deref(), Some("half a page came from the cloud"));
    }
    let records = env.records();
    assert_eq!((records.len(), records["i0001"]), (10, 2));
    assert_eq!(env.cloud.state().get_calls, 0);
}

#[tokio::test]
async fn forbidden_listing_keeps_the_records() {
    let (env, poller) = polled(VOLUME).await;
    let as_of = env.target().await.as_of;
    env.cloud.state().list_error = Some((0, error_source(forbidden)));
    let target = env.poll(&poller).await;
    assert_eq!((target.status, target.as_of), (TargetStatus::Forbidden, as_of));
    assert!(target.interval_ms > 500_000);
    assert_eq!(env.records().len(), 10);
    env.cloud.state().list_error = None;
    env.clock.advance(Duration::from_secs(700));
    assert_eq!(env.poll(&poller).await.status, TargetStatus::Fresh);
}

#[tokio::test]
async fn skewed_clock_suspends_the_target_until_it_recovers() {
    let (env, poller) = polled(INSTANCE).await;
    let (theirs, ours) = (Timestamp::from_seconds(1_400), Timestamp::from_seconds(1_000));
    env.cloud.state().list_error =
        Some((0, error_source(move || Skew::measure(theirs, ours, ours).to_error("cloud.example"))));
    let target = env.poll(&poller).await;
    assert_eq!(target.status, TargetStatus::Suspended);
    assert!(target.reason.unwrap().contains("400 s ahead"));
    assert!((54_000..=66_000).contains(&target.interval_ms));
    env.cloud.state().list_error = None;
    let target = env.poll(&poller).await;
    assert_eq!((target.status, target.reason), (TargetStatus::Fresh, None));
}

#[tokio::test]
async fn consecutive_failures_double_the_interval_until_a_success() {
    let (env, poller) = polled(INSTANCE).await;
    env.cloud.state().list_error = Some((0, error_source(|| Error::unavailable("the cloud is down"))));
    for seconds in [5, 10, 20, 40, 80, 160, 320, 600, 600] {
        env.clock.advance(Duration::from_secs(700));
        let ms = env.poll(&poller).await.interval_ms;
        assert!((seconds * 900..=seconds * 1_100).contains(&ms), "{ms} for {seconds}");
    }
    env.clock.advance(Duration::from_secs(700));
    env.cloud.state().list_error = None;
    let target = env.poll(&poller).await;
    assert_eq!(target.status, TargetStatus::Fresh);
    assert!(target.interval_ms <= 66_000);
}

#[tokio::test]
async fn internal_error_is_not_in_the_reason() {
    let (env, poller) = polled(INSTANCE).await;
    env.cloud.state().list_error = Some((0, error_source(|| Error::internal("password=hunter2"))));
    assert_eq!(env.poll(&poller).await.reason.as_deref(), Some("internal error"));
}

#[tokio::test]
async fn requested_pause_applies_to_the_whole_account() {
    let env = Environment::new().await;
    env.grant("a", "k", INSTANCE, &["r1", "r2"]).await;
    env.grant("b", "kb", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    assert_eq!(poller.poll_due().await.unwrap(), 3);
    env.clock.advance(Duration::from_secs(70));
    let busy =
        || Error::new(ErrorKind::RateLimited, "too many calls").with_retry_after(Duration::from_secs(120));
    env.cloud.state().list_error = Some((0, error_source(busy)));
    poller.poll_due().await.unwrap();
    env.cloud.state().list_error = None;
    let failed = env.targets().await.into_iter().find(|t| t.status == TargetStatus::Failed).unwrap();
    assert!((119_000..=120_000).contains(&failed.interval_ms), "{}", failed.interval_ms);
    let calls = env.cloud.state().list_calls.len();
    // Another process, which learns of the pause from the store.
    env.clock.advance(Duration::from_secs(100));
    env.grant("a", "k", INSTANCE, &["r1", "r2", "r3"]).await;
    assert_eq!(env.poller().poll_due().await.unwrap(), 1, "r3 of the paused account is due");
    assert_eq!(env.cloud.state().list_calls.len(), calls, "and the cloud was not called");
    env.clock.advance(Duration::from_secs(21));
    assert!(env.poller().poll_due().await.unwrap() == 4);
    assert!(env.cloud.state().list_calls.len() == calls + 4);
}

#[tokio::test]
async fn refused_credential_is_verified_soon() {
    let (env, poller) = polled(INSTANCE).await;
    assert_eq!(poller.verify_due().await.unwrap(), 0);
    env.cloud.state().list_error = Some((0, error_source(unauthorized)));
    let target = env.poll(&poller).await;
    assert_eq!(target.status, TargetStatus::Failed);
    assert!((9_000..=11_000).contains(&target.interval_ms));
    assert_eq!(poller.verify_due().await.unwrap(), 1);
}

#[tokio::test]
async fn panic_fails_its_target_only() {
    let env = Environment::new().await;
    env.cloud.fill(3);
    env.grant("a", "k", INSTANCE, &["bad", "good"]).await;
    env.cloud.state().before_page =
        Some(Arc::new(|_, region| Box::pin(async move { assert_ne!(region.as_str(), "bad", "on purpose") })));
    assert_eq!(env.poller().poll_due().await.unwrap(), 2);
    let status: Vec<_> =
        env.targets().await.into_iter().map(|t| (t.region.as_str().to_owned(), t.status)).collect();
    assert!(status.contains(&("bad".to_owned(), TargetStatus::Failed)), "{status:?}");
    assert!(status.contains(&("good".to_owned(), TargetStatus::Fresh)), "{status:?}");
}

#[tokio::test]
async fn poll_without_lease_writes_nothing() {
    let (env, poller) = polled(INSTANCE).await;
    env.cloud.state().resources.insert("i0001".to_owned(), 2);
    env.cloud.state().resources.remove("i0000");
    let (store, clock) = (env.store.clone(), env.clock.clone());
    env.cloud.state().before_page = Some(Arc::new(move |_, _| {
        let (store, clock) = (store.clone(), clock.clone());
        Box::pin(async move {
            clock.advance(Duration::from_secs(91));
            let claims = store.targets_claim(ProcessId::generate(), Duration::from_secs(90), 1).await;
            assert_eq!(claims.unwrap().len(), 1);
        })
    }));
    let before = env.target().await;
    env.poll(&poller).await;
    let target = env.target().await;
    assert_eq!((target.as_of, target.status), (before.as_of, before.status));
    assert_eq!(env.records().values().sum::<i64>(), 10, "nothing changed, nothing deleted");
    assert_eq!(env.written(), [("poll_targets".to_owned(), 2)].into(), "the two claims");
}

#[tokio::test]
async fn line_of_a_listing_names_its_target_once() {
    let (lines, _guard) = LogLines::collect(Level::DEBUG);
    let (env, poller) = polled(INSTANCE).await;
    let id = env.target().await.id;
    env.cloud.state().list_error = Some((0, error_source(forbidden)));
    env.poll(&poller).await;
    for message in ["a target was listed", "a listing failed"] {
        assert_eq!(lines.with(&[message, &format!("target={id}")]).len(), 1, "{message}");
    }
    lines.name_no_unit_twice();
}
