//! Records that a listing lacks: deleted upon proof only.

use gateway_core::Error;
use gateway_store::TargetStatus;

use crate::environment::Environment;
use crate::fake_cloud::{INSTANCE, VOLUME};

#[tokio::test]
async fn record_is_deleted_when_a_direct_read_says_gone() {
    let env = Environment::new().await;
    env.cloud.fill(10);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    env.reset_written();
    env.cloud.state().resources.remove("i0004");
    env.poll(&poller).await;
    assert_eq!(env.records().len(), 9);
    assert_eq!(env.cloud.state().get_calls, 1);
    assert_eq!(env.written()["events"], 1);
}

#[tokio::test]
async fn record_that_a_direct_read_finds_is_kept_and_updated() {
    let env = Environment::new().await;
    env.cloud.fill(10);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    env.cloud.state().hidden.insert("i0004".to_owned());
    env.cloud.state().resources.insert("i0004".to_owned(), 2);
    for _ in 0..3 {
        env.poll(&poller).await;
    }
    assert_eq!((env.records().len(), env.records()["i0004"]), (10, 2));
}

#[tokio::test]
async fn record_without_direct_reads_is_deleted_after_two_listings() {
    let env = Environment::new().await;
    env.cloud.fill(10);
    env.grant("a", "k", VOLUME, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    env.cloud.state().hidden.insert("i0001".to_owned());
    env.cloud.state().resources.remove("i0004");
    env.poll(&poller).await;
    assert_eq!(env.records().len(), 10, "one listing proves nothing");
    env.cloud.state().hidden.clear();
    env.poll(&poller).await;
    let records = env.records();
    assert_eq!((records.len(), records.contains_key("i0004")), (9, false), "the one that reappeared is kept");
    assert!(env.query("SELECT 'x' AS name, COUNT(*) AS count FROM missing_resources")["x"] == 0);
}

#[tokio::test]
async fn failed_direct_read_leaves_deletion_to_the_second_listing() {
    let env = Environment::new().await;
    env.cloud.fill(10);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    env.cloud.state().resources.remove("i0004");
    env.cloud.state().get_error = Some(Box::new(|| Error::unavailable("down")));
    env.poll(&poller).await;
    assert_eq!(env.records().len(), 10);
    env.poll(&poller).await;
    assert_eq!(env.records().len(), 9);
}

#[tokio::test]
async fn mass_vanishing_is_held_back_until_listings_and_direct_reads_agree() {
    let env = Environment::new().await;
    env.cloud.fill(60);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    let hidden: Vec<_> = (0..50).map(|n| format!("i{n:04}")).collect();
    env.cloud.state().hidden.extend(hidden.clone());
    for agreeing in 1..=2 {
        let target = env.poll(&poller).await;
        let reason = target.reason.unwrap();
        assert_eq!(target.status, TargetStatus::Fresh);
        assert!(reason.starts_with("50 of 60 records vanished at once"), "{reason}");
        assert!(reason.ends_with(&format!("({agreeing} of 3)")), "{reason}");
        assert!(target.interval_ms < 6_000, "listed again soon");
    }
    assert_eq!(env.cloud.state().get_calls, 0);
    for _ in 0..3 {
        let reason = env.poll(&poller).await.reason.unwrap();
        assert!(reason.contains("the cloud still has some of them"), "{reason}");
        assert_eq!(env.records().len(), 60);
    }
    env.cloud.state().resources.retain(|key, _| !hidden.contains(key));
    for _ in 0..6 {
        env.poll(&poller).await;
    }
    assert_eq!((env.records().len(), env.target().await.reason), (10, None));
}

#[tokio::test]
async fn mass_that_reappears_is_not_deleted() {
    let env = Environment::new().await;
    env.cloud.fill(60);
    env.grant("a", "k", VOLUME, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    let hidden: Vec<_> = (0..50).map(|n| format!("i{n:04}")).collect();
    for _ in 0..3 {
        env.cloud.state().hidden.extend(hidden.clone());
        env.poll(&poller).await;
        env.poll(&poller).await;
        env.cloud.state().hidden.clear();
        assert_eq!(env.poll(&poller).await.reason, None);
    }
    assert_eq!(env.records().values().filter(|version| **version == 1).count(), 60);
}

#[tokio::test]
async fn empty_listing_is_a_mass_vanishing() {
    let env = Environment::new().await;
    env.cloud.fill(30);
    env.grant("a", "k", VOLUME, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    env.cloud.state().resources.clear();
    env.poll(&poller).await;
    env.poll(&poller).await;
    assert_eq!(env.records().len(), 30);
    env.poll(&poller).await;
    assert_eq!(env.records().len(), 0);
}

#[tokio::test]
async fn first_listing_by_another_credential_deletes_nothing() {
    let env = Environment::new().await;
    env.cloud.fill(10);
    env.grant("a", "k1", VOLUME, &["r1"]).await;
    let poller = env.poller();
    env.poll(&poller).await;
    env.cloud.state().hidden.insert("i0001".to_owned());
    env.poll(&poller).await;
    env.grant("a", "k2", VOLUME, &["r1"]).await;
    env.poll(&poller).await;
    assert_eq!(env.cloud.state().list_calls.last().unwrap().0, "k2");
    assert_eq!(env.records().len(), 10, "a listing by another credential proves nothing");
    env.poll(&poller).await;
    assert_eq!(env.records().len(), 9);
}
