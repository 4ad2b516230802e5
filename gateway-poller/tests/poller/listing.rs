//! What listings write, and when the next one comes.

use gateway_core::driver::Notice;
use gateway_store::TargetStatus;

use crate::cloud::INSTANCE;
use crate::stage::Stage;

#[tokio::test]
async fn an_unchanged_listing_writes_its_target_twice_and_nothing_else() {
    let stage = Stage::new().await;
    stage.cloud.fill(250);
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    assert_eq!(stage.records().len(), 250);
    stage.forget_writes();
    let target = stage.poll(&poller).await;
    assert_eq!(stage.written(), [("poll_targets".to_owned(), 2)].into());
    assert_eq!(target.status, TargetStatus::Fresh);
    assert_eq!(stage.cloud.world().listed.len(), 6, "three pages, twice");
}

#[tokio::test]
async fn only_what_changed_is_written_each_with_one_event() {
    let stage = Stage::new().await;
    stage.cloud.fill(10);
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    stage.forget_writes();
    stage.cloud.world().has.insert("i0003".to_owned(), 2);
    stage.cloud.world().has.insert("new".to_owned(), 0);
    stage.poll(&poller).await;
    let written = stage.written();
    assert_eq!((written["resources"], written["events"]), (2, 2));
    let records = stage.records();
    assert_eq!((records["i0003"], records["i0002"], records["new"]), (2, 1, 1));
}

#[tokio::test]
async fn movement_shortens_the_interval_and_quiet_doubles_it() {
    let stage = Stage::new().await;
    stage.cloud.fill(3);
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    let mut intervals = Vec::new();
    for content in [0, 0, 0, 0, 0, 0, 1, 1, 2] {
        stage.cloud.world().has.insert("i0000".to_owned(), content);
        intervals.push(stage.poll(&poller).await.interval_ms);
    }
    let about = |ms: i64, seconds: i64| (seconds * 800..=seconds * 1200).contains(&ms) && ms >= 5_000;
    for (ms, seconds) in intervals.iter().zip([5, 10, 20, 40, 60, 60, 5, 5, 5]) {
        // On coming to rest, targets are sent apart.
        let rests = seconds == 60 && (30_000..=60_000).contains(ms);
        assert!(about(*ms, seconds) || rests, "{intervals:?}");
    }
}

#[tokio::test]
async fn what_a_session_noticed_is_told_as_the_reason() {
    let stage = Stage::new().await;
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    stage.cloud.world().notices = vec![Notice("one".to_owned()), Notice("two".to_owned())];
    let target = stage.poll(&stage.poller()).await;
    assert_eq!((target.status, target.reason.as_deref()), (TargetStatus::Fresh, Some("one; two")));
}
