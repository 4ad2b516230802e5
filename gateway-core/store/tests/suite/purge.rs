//! The removal of old rows beside those that are written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gateway_core::Timestamp;
use gateway_store::{Backend, OldRows};

use crate::fixtures::LATER;
use crate::sightings::{Instances, noted};
use crate::sql::Sql;
use crate::test_store::TestStore;

/// Events that are written in a second at the most, by design.
const WRITTEN_PER_SECOND: f64 = 1000.0;

/// Numbers from 1 to 100,000 in a column `i`.
const NUMBERS: &str = "(WITH RECURSIVE d(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM d WHERE i < 9) \
                       SELECT a.i + 10 * b.i + 100 * c.i + 1000 * e.i + 10000 * f.i + 1 AS i \
                       FROM d AS a, d AS b, d AS c, d AS e, d AS f) AS numbers";

/// Returns the number of rows that a test removes, the full one in long tests only.
fn old_rows(fixture: &TestStore) -> usize {
    match fixture.store.backend() {
        Backend::MySql if std::env::var_os("GATEWAY_TEST_LONG").is_some() => 60_000,
        Backend::MySql => 12_000,
        // One writer at a time, in one process.
        Backend::Sqlite => 1_000,
    }
}

/// Returns SQL for an id of 16 bytes that is made of `i`.
fn id(raw: &Sql) -> &'static str {
    match raw {
        Sql::Mysql(_) => "UNHEX(MD5(i))",
        Sql::Sqlite(_) => "CAST(printf('%016d', i) AS BLOB)",
    }
}

/// Inserts numbered and published events of the year 1970.
fn fill_events(fixture: &TestStore, count: usize) {
    let mut raw = fixture.sql();
    let id = id(&raw);
    let document = format!(r#"{{"name":"{}"}}"#, "x".repeat(1000));
    raw.execute(&format!(
        "INSERT INTO events (id, position, target_id, cloud_id, region, holder, kind, resource_id, version, change_name, at, document) \
         SELECT {id}, i, 9, {id}, 'r1', {id}, 'instance', {id}, 1, 'created', i, '{document}' \
         FROM {NUMBERS} WHERE i <= {count}"
    ));
    raw.execute(&format!("UPDATE leaders SET numbered = {count}, published = {count}"));
}

/// Inserts tombstones of the year 1970.
fn fill_tombstones(fixture: &TestStore, count: usize) {
    let mut raw = fixture.sql();
    let id = id(&raw);
    raw.execute(&format!(
        "INSERT INTO tombstones (target_id, id, version, observed_at) \
         SELECT 9, {id}, 1, i FROM {NUMBERS} WHERE i <= {count}"
    ));
}

/// Removes old rows while records are changed. All must be removed faster than events are written by design, and no writer
/// may wait for long. Returns the number of events that were written meanwhile.
async fn purge_beside_a_writer(fixture: &TestStore, rows: OldRows, count: usize) -> i64 {
    let (store, instances) = (&fixture.store, Instances::new(&fixture.store, 1));
    let done = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let done = Arc::clone(&done);
        async move {
            let (mut written, mut slowest) = (0, Duration::ZERO);
            while !done.load(Ordering::SeqCst) {
                written += 1;
                let start = Instant::now();
                let seen =
                    (0..10).map(|number| noted(&format!("i-{number}"), &written.to_string())).collect();
                instances.apply(written, seen).await;
                slowest = slowest.max(start.elapsed());
            }
            (written * 10, slowest)
        }
    });
    let start = Instant::now();
    let removed = store.purge(rows, Timestamp(i64::from(u32::MAX))).await.unwrap();
    let seconds = start.elapsed().as_secs_f64();
    done.store(true, Ordering::SeqCst);
    let (written, slowest) = writer.await.unwrap();
    let rate = removed as f64 / seconds;
    println!(
        "{removed} {rows:?} removed at {rate:.0}/s, while {written} events were written at {:.0}/s, the slowest ten in {slowest:?}",
        written as f64 / seconds
    );
    assert_eq!(removed, count);
    assert!(rate > WRITTEN_PER_SECOND || store.backend() == Backend::Sqlite, "{rate:.0}/s");
    assert!(slowest < Duration::from_secs(5), "a writer waited for {slowest:?}");
    written
}

pub async fn purge_is_faster_than_events_are_written(fixture: TestStore) {
    let count = old_rows(&fixture);
    fill_events(&fixture, count);
    let written = purge_beside_a_writer(&fixture, OldRows::Events, count).await;
    assert_eq!(fixture.rows("events"), written, "new events stay");
}

pub async fn purge_is_faster_than_records_are_deleted(fixture: TestStore) {
    let count = old_rows(&fixture);
    fill_tombstones(&fixture, count);
    purge_beside_a_writer(&fixture, OldRows::Tombstones, count).await;
    assert_eq!(fixture.rows("tombstones"), 0);
}

pub async fn mass_deletion_leaves_tombstones_that_are_removed_in_batches(fixture: TestStore) {
    let store = &fixture.store;
    let instances = Instances::new(store, 1);
    let keys: Vec<_> = (0..200).map(|number| format!("i-{number}")).collect();
    instances.fill(keys.iter().cloned()).await;
    // All have the same time.
    instances.apply(2, keys.iter().map(|key| instances.gone(key)).collect()).await;
    assert_eq!(store.tombstones_purge(Timestamp(2), 50).await.unwrap(), 0, "nothing is that old");
    assert_eq!(store.tombstones_purge(Timestamp(3), 50).await.unwrap(), 50);
    assert_eq!(fixture.rows("tombstones"), 150);
    let later = store.now().await.unwrap().plus(LATER);
    assert_eq!(store.purge(OldRows::Tombstones, later).await.unwrap(), 150);
    assert_eq!(fixture.rows("tombstones"), 0);
}
