//! A poll that finds no change.

use std::collections::HashSet;

use gateway_core::id::ProcessId;
use gateway_store::{Applied, Observation, PollOutcome, Store, TargetStatus, WriteGuard};

use crate::fixtures::{CAPABILITY, INSTANCE, LATER, access, client, cloud, proven};
use crate::sightings::{Running, present};
use crate::sql::Sql;
use crate::test_store::TestStore;

/// A counter of rows that other connections write, kept by the database.
struct WriteCounter(Sql);

impl WriteCounter {
    /// Starts counting. Comes before the store's first connection, since a session is counted from its start or never.
    fn new(fixture: &TestStore) -> Self {
        let mut raw = fixture.sql();
        if let Sql::Mysql(_) = raw {
            raw.execute("SET GLOBAL userstat = 1");
        }
        Self(raw)
    }

    /// Returns the rows written so far on MySQL; on SQLite, a number that changes with each commit of a change.
    fn count(&mut self) -> i64 {
        let sql = match self.0 {
            Sql::Sqlite(_) => "SELECT data_version AS n FROM pragma_data_version",
            Sql::Mysql(_) => {
                "SELECT CAST(COALESCE(SUM(ROWS_CHANGED), 0) AS SIGNED) AS n \
                 FROM information_schema.TABLE_STATISTICS WHERE TABLE_SCHEMA = DATABASE()"
            }
        };
        self.0.number(sql)
    }

    /// Returns the written rows of poll targets, if the database counts them.
    fn targets(&mut self) -> Option<i64> {
        let Sql::Mysql(_) = self.0 else { return None };
        let sql = "SELECT CAST(COALESCE(SUM(ROWS_CHANGED), 0) AS SIGNED) AS n FROM \
                   information_schema.TABLE_STATISTICS \
                   WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'poll_targets'";
        Some(self.0.number(sql))
    }
}

async fn poll(store: &Store, counter: &mut WriteCounter) -> (Applied, i64) {
    let claim = store.targets_claim(ProcessId::generate(), LATER, 10).await.unwrap().remove(0);
    let as_of = store.now().await.unwrap();
    let before = counter.count();
    let mut done = Applied::default();
    for page in 0..4 {
        let sightings = (0..250).map(|number| present(&format!("i-{page}-{number}"), Running)).collect();
        let seen = Observation::of(&claim.target, as_of, sightings);
        done += store.apply(WriteGuard::Lease(claim.fence), seen).await.unwrap();
    }
    assert_eq!(store.known_records(claim.target.id, None, 5000).await.unwrap().len(), 1000);
    store.missing_set(claim.fence, HashSet::new()).await.unwrap();
    assert!(store.missing_list(claim.target.id).await.unwrap().is_empty());
    store.relay_has_work().await.unwrap();
    store.targets_next_due(gateway_core::shares::CallCapacity::unlimited()).await.unwrap();
    let written = counter.count() - before;
    let outcome = PollOutcome {
        status: TargetStatus::Fresh,
        reason: None,
        listed: Some((as_of, claim.credential.id)),
        failures: 0,
        agreeing: 0,
        next: std::time::Duration::ZERO,
    };
    store.target_finish(claim.fence, outcome).await.unwrap();
    (done, written)
}

pub async fn unchanged_poll_writes_no_resource_row(fixture: TestStore) {
    let mut counter = WriteCounter::new(&fixture);
    let store = fixture.another_process();
    let (cloud, principal) = (cloud(&store, "sim").await, client(&store, "dashboard").await);
    let grant = proven(principal, cloud, "demo", access(&["r1"], &[INSTANCE]));
    store.grant_record(grant, &CAPABILITY).await.unwrap();

    let (first, written) = poll(&store, &mut counter).await;
    assert_eq!(first.created, 1000);
    assert!(written > 0, "the counter does not run");
    let (before, targets) = (counter.count(), counter.targets());
    let (second, written) = poll(&store, &mut counter).await;
    assert_eq!((second.unchanged, second.written()), (1000, 0));
    assert_eq!(written, 0);
    if let (Some(before_targets), Some(after)) = (targets, counter.targets()) {
        let (all, of_targets) = (counter.count() - before, after - before_targets);
        assert_eq!(all, of_targets, "rows of other tables were written");
        assert!((1..=3).contains(&all), "{all} rows for one whole poll");
    }
}
