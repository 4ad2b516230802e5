//! Concurrent writers of the same records.

use gateway_store::{Sighting, WriteGuard};
use tokio::task::JoinSet;

use crate::sightings::{Instances, Running, noted, present};
use crate::test_store::TestStore;

const WRITERS: usize = 8;
const ROUNDS: usize = 10;

/// Applies ten observations in each of eight stores at once.
async fn all_at_once(fixture: &TestStore, make: impl Fn(&Instances, usize, usize) -> Vec<Sighting>) {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (store, instances) = (fixture.another_process(), Instances::new(&fixture.store, 1));
        let rounds: Vec<_> =
            (0..ROUNDS).map(|round| instances.seen(1, make(&instances, writer, round))).collect();
        writers.spawn(async move {
            for observation in rounds {
                store.apply(WriteGuard::Direct, observation).await.unwrap();
            }
        });
    }
    writers.join_all().await;
}

fn versions(fixture: &TestStore) -> Vec<i64> {
    fixture.sql().numbers("SELECT version AS n FROM events ORDER BY seq")
}

pub async fn concurrent_updates_of_one_record_have_distinct_versions(fixture: TestStore) {
    all_at_once(&fixture, |_, writer, round| vec![noted("a", &format!("{writer}-{round}"))]).await;
    let expected: Vec<_> = (1..=(WRITERS * ROUNDS) as i64).collect();
    assert_eq!(versions(&fixture), expected);
    assert_eq!(fixture.sql().number("SELECT version AS n FROM resources"), (WRITERS * ROUNDS) as i64);
}

pub async fn concurrent_creates_and_deletes_have_distinct_versions(fixture: TestStore) {
    all_at_once(&fixture, |instances, writer, round| match (writer + round) % 2 {
        0 => vec![present("a", Running)],
        _ => vec![instances.gone("a")],
    })
    .await;
    let versions = versions(&fixture);
    assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
    assert!(!versions.is_empty());
    assert_eq!(fixture.rows("resources") + fixture.rows("tombstones"), 1, "it exists or it has a tombstone");
}

pub async fn batches_in_opposite_order_all_succeed(fixture: TestStore) {
    all_at_once(&fixture, |_, writer, round| {
        let note = format!("{writer}-{round}");
        let mut batch: Vec<_> = (0..40).map(|key| noted(&format!("i-{key}"), &note)).collect();
        if writer % 2 == 1 {
            batch.reverse();
        }
        batch
    })
    .await;
    let rounds = (WRITERS * ROUNDS) as i64;
    assert_eq!(fixture.rows(&format!("resources WHERE version = {rounds}")), 40);
    assert_eq!(fixture.rows("events"), 40 * rounds);
    let doubled = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM events GROUP BY resource_id, version HAVING COUNT(*) > 1) d";
    assert_eq!(fixture.sql().number(doubled), 0);
}
