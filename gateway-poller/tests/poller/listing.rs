//! Listings: the rows that they write, and the interval to the next one.

use gateway_core::driver::Notice;
use gateway_store::TargetStatus;

use crate::environment::Environment;
use crate::fake_cloud::INSTANCE;

#[tokio::test]
async fn unchanged_listing_writes_only_its_target_twice() {
    let env = Environment::new().await;
    env.cloud.fill(250);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    assert_eq!(env.records().len(), 250);
    env.reset_written();
    let target = env.poll(&poller).await;
    assert_eq!(env.written(), [("poll_targets".to_owned(), 2)].into());
    assert_eq!(target.status, TargetStatus::Fresh);
    assert_eq!(env.cloud.state().list_calls.len(), 6, "three pages, twice");
}

#[tokio::test]
async fn changed_record_is_written_with_one_event() {
    let env = Environment::new().await;
    env.cloud.fill(10);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    env.reset_written();
    env.cloud.state().resources.insert("i0003".to_owned(), 2);
    env.cloud.state().resources.insert("new".to_owned(), 0);
    env.poll(&poller).await;
    let written = env.written();
    assert_eq!((written["resources"], written["events"]), (2, 2));
    let records = env.records();
    assert_eq!((records["i0003"], records["i0002"], records["new"]), (2, 1, 1));
}

#[tokio::test]
async fn movement_shortens_the_interval_and_rest_doubles_it() {
    let env = Environment::new().await;
    env.cloud.fill(3);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    let mut intervals = Vec::new();
    for content in [0, 0, 0, 0, 0, 0, 1, 1, 2] {
        env.cloud.state().resources.insert("i0000".to_owned(), content);
        intervals.push(env.poll(&poller).await.interval_ms);
    }
    let near = |ms: i64, expected: i64| ((expected * 9 / 10).max(5_000)..=expected * 11 / 10).contains(&ms);
    for moved in [0, 6, 7, 8] {
        assert!(near(intervals[moved], 5_000), "{intervals:?}");
    }
    for pair in intervals[..6].windows(2) {
        let doubled = (pair[0] * 2).min(60_000);
        // Targets that come to rest are spread out.
        let comes_to_rest = doubled == 60_000 && (30_000..=60_000).contains(&pair[1]);
        assert!(near(pair[1], doubled) || comes_to_rest, "{intervals:?}");
    }
    assert!(intervals[5] >= 30_000, "{intervals:?}");
}

#[tokio::test]
async fn notices_of_a_session_are_the_reason() {
    let env = Environment::new().await;
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    env.cloud.state().notices = vec![Notice("one".to_owned()), Notice("two".to_owned())];
    let target = env.poll(&env.poller()).await;
    assert_eq!((target.status, target.reason.as_deref()), (TargetStatus::Fresh, Some("one; two")));
}
