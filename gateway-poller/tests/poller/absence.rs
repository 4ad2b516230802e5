//! Proof before deletion.

use gateway_core::Error;
use gateway_store::TargetStatus;

use crate::cloud::{INSTANCE, VOLUME};
use crate::stage::Stage;

#[tokio::test]
async fn one_that_the_cloud_says_is_gone_is_deleted_at_once() {
    let stage = Stage::new().await;
    stage.cloud.fill(10);
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    stage.forget_writes();
    stage.cloud.world().has.remove("i0004");
    stage.poll(&poller).await;
    assert_eq!(stage.records().len(), 9);
    assert_eq!(stage.cloud.world().gets, 1);
    assert_eq!(stage.written()["events"], 1);
}

#[tokio::test]
async fn one_that_only_the_listing_lacks_stays_and_is_brought_up_to_date() {
    let stage = Stage::new().await;
    stage.cloud.fill(10);
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    stage.cloud.world().hides.insert("i0004".to_owned());
    stage.cloud.world().has.insert("i0004".to_owned(), 2);
    for _ in 0..3 {
        stage.poll(&poller).await;
    }
    assert_eq!((stage.records().len(), stage.records()["i0004"]), (10, 2));
}

#[tokio::test]
async fn without_direct_questions_a_second_whole_listing_must_agree() {
    let stage = Stage::new().await;
    stage.cloud.fill(10);
    stage.grant("a", "k", VOLUME, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    stage.cloud.world().hides.insert("i0001".to_owned());
    stage.cloud.world().has.remove("i0004");
    stage.poll(&poller).await;
    assert_eq!(stage.records().len(), 10, "one listing proves nothing");
    stage.cloud.world().hides.clear();
    stage.poll(&poller).await;
    let records = stage.records();
    assert_eq!((records.len(), records.contains_key("i0004")), (9, false), "the one that came back stays");
    assert!(stage.query("SELECT 'x' AS name, COUNT(*) AS count FROM missing_resources")["x"] == 0);
}

#[tokio::test]
async fn a_question_without_answer_leaves_it_to_the_second_listing() {
    let stage = Stage::new().await;
    stage.cloud.fill(10);
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    stage.cloud.world().has.remove("i0004");
    stage.cloud.world().get_fault = Some(Box::new(|| Error::unavailable("down")));
    stage.poll(&poller).await;
    assert_eq!(stage.records().len(), 10);
    stage.poll(&poller).await;
    assert_eq!(stage.records().len(), 9);
}

#[tokio::test]
async fn a_mass_vanishing_is_held_back_until_listings_and_questions_agree() {
    let stage = Stage::new().await;
    stage.cloud.fill(60);
    stage.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    let hidden: Vec<_> = (0..50).map(|n| format!("i{n:04}")).collect();
    stage.cloud.world().hides.extend(hidden.clone());
    for agreeing in 1..=2 {
        let target = stage.poll(&poller).await;
        let reason = target.reason.unwrap();
        assert_eq!(target.status, TargetStatus::Fresh);
        assert!(reason.starts_with("50 of 60 records vanished at once"), "{reason}");
        assert!(reason.ends_with(&format!("({agreeing} of 3)")), "{reason}");
        assert!(target.interval_ms < 6_000, "asked again soon");
    }
    assert_eq!(stage.cloud.world().gets, 0);
    for _ in 0..3 {
        let reason = stage.poll(&poller).await.reason.unwrap();
        assert!(reason.contains("the cloud still has some of them"), "{reason}");
        assert_eq!(stage.records().len(), 60);
    }
    stage.cloud.world().has.retain(|key, _| !hidden.contains(key));
    for _ in 0..6 {
        stage.poll(&poller).await;
    }
    assert_eq!((stage.records().len(), stage.target().await.reason), (10, None));
}

#[tokio::test]
async fn a_mass_that_comes_back_is_forgotten() {
    let stage = Stage::new().await;
    stage.cloud.fill(60);
    stage.grant("a", "k", VOLUME, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    let hidden: Vec<_> = (0..50).map(|n| format!("i{n:04}")).collect();
    for _ in 0..3 {
        stage.cloud.world().hides.extend(hidden.clone());
        stage.poll(&poller).await;
        stage.poll(&poller).await;
        stage.cloud.world().hides.clear();
        assert_eq!(stage.poll(&poller).await.reason, None);
    }
    assert_eq!(stage.records().values().filter(|version| **version == 1).count(), 60);
}

#[tokio::test]
async fn an_empty_listing_is_a_mass_vanishing() {
    let stage = Stage::new().await;
    stage.cloud.fill(30);
    stage.grant("a", "k", VOLUME, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    stage.cloud.world().has.clear();
    stage.poll(&poller).await;
    stage.poll(&poller).await;
    assert_eq!(stage.records().len(), 30);
    stage.poll(&poller).await;
    assert_eq!(stage.records().len(), 0);
}

#[tokio::test]
async fn the_first_listing_by_another_credential_deletes_nothing() {
    let stage = Stage::new().await;
    stage.cloud.fill(10);
    stage.grant("a", "k1", VOLUME, &["r1"]).await;
    let poller = stage.poller();
    stage.poll(&poller).await;
    stage.cloud.world().hides.insert("i0001".to_owned());
    stage.poll(&poller).await;
    stage.grant("a", "k2", VOLUME, &["r1"]).await;
    stage.poll(&poller).await;
    assert_eq!(stage.cloud.world().listed.last().unwrap().0, "k2");
    assert_eq!(stage.records().len(), 10, "what another credential did not see proves nothing");
    stage.poll(&poller).await;
    assert_eq!(stage.records().len(), 9);
}
