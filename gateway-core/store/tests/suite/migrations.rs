//! Migrations of the schema.

use std::time::Duration;

use gateway_core::error::ErrorKind;
use gateway_core::id::ProcessId;

use crate::sql::Sql;
use crate::test_store::TestStore;

/// The schema before the migration for searches.
const SPINE: [&str; 2] = [
    include_str!("../../../../migrations/sqlite/2026-11-22-000000_spine/up.sql"),
    include_str!("../../../../migrations/mysql/2026-11-22-000000_spine/up.sql"),
];
const OLD_TARGETS: &str = "INSERT INTO poll_targets (id, cloud_id, region, holder, kind, lease_epoch, lease_until, \
    due_at, wanted_at, status, as_of, interval_ms, failures, agreeing) VALUES \
    (1, 'sixteen bytes 01', 'r1', 'sixteen bytes 02', 'instance', 7, 0, 4000000000000000, 0, 'fresh', 5, 60000, 0, 0), \
    (2, 'sixteen bytes 01', 'r2', 'sixteen bytes 02', 'instance', 7, 0, 4611686018427387903, 0, 'suspended', 5, 0, 0, 0)";

pub async fn second_migration_changes_nothing(fixture: TestStore) {
    assert_eq!(fixture.store.pending_migrations().await.unwrap().0, Vec::<String>::new());
    assert_eq!(fixture.store.migrate().await.unwrap().0, Vec::<String>::new());
    assert_eq!(fixture.rows("leaders"), 1);
}

pub async fn concurrent_migrations_apply_once(fixture: TestStore) {
    let empty = fixture.empty_like().await;
    let all = empty.store.pending_migrations().await.unwrap().0;
    assert!(!all.is_empty());
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = empty.another_process();
        starts.spawn(async move { store.migrate().await.unwrap().0 });
    }
    let done = starts.join_all().await;
    assert_eq!(done.iter().filter(|names| !names.is_empty()).count(), 1, "{done:?}");
    assert_eq!(done.iter().map(Vec::len).sum::<usize>(), all.len());
    assert_eq!(empty.rows("leaders"), 1);
}

pub async fn missing_schema_is_an_internal_error(fixture: TestStore) {
    let empty = fixture.empty_like().await;
    let error = empty.store.cloud_list().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(error.to_string(), "internal error");
    assert!(error.chain().contains("clouds"), "the operator reads which table: {}", error.chain());
    empty.store.migrate().await.unwrap();
    assert!(empty.store.cloud_list().await.unwrap().is_empty());
}

fn old_record(id: u8) -> String {
    format!(
        "INSERT INTO resources (target_id, id, native_key, name, version, hash, observed_at, changed_at, document, raw) \
         VALUES (1, 'sixteen bytes 1{id}', 'i-{id}', 'web', 1, 'hash', 1, 1, '{{}}', '{{}}')"
    )
}

pub async fn search_migration_makes_targets_due(fixture: TestStore) {
    let empty = fixture.empty_like().await;
    let mut raw = empty.sql();
    raw.execute(SPINE[usize::from(matches!(raw, Sql::Mysql(_)))]);
    raw.execute(
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
                 run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    );
    raw.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('20261122000000')");
    raw.execute(OLD_TARGETS);
    raw.execute(&old_record(1));
    assert!(!empty.store.migrate().await.unwrap().0.is_empty());
    // A process of the old version still writes.
    raw.execute(&old_record(2));
    assert_eq!(empty.rows("resources WHERE name_key = '' AND LENGTH(terms) = 0"), 2);
    assert_eq!(
        empty.rows("poll_targets WHERE as_of IS NULL AND lease_epoch = 8"),
        2,
        "no listing of before counts"
    );
    assert_eq!(
        empty.store.targets_next_due(gateway_core::shares::CallCapacity::unlimited()).await.unwrap(),
        Some(Duration::ZERO)
    );
    empty.store.targets_claim(ProcessId::generate(), Duration::from_secs(30), 9).await.unwrap();
    assert_eq!(empty.rows("poll_targets WHERE id = 2 AND lease_epoch = 8"), 1, "nobody can list it still");
}
