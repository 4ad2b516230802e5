//! Bringing the schema up to date.

use gateway_core::error::ErrorKind;

use crate::stage::Stage;

pub async fn migrating_again_changes_nothing(stage: Stage) {
    assert_eq!(stage.store.pending_migrations().await.unwrap().0, Vec::<String>::new());
    assert_eq!(stage.store.migrate().await.unwrap().0, Vec::<String>::new());
    assert_eq!(stage.rows("leaders"), 1);
}

pub async fn processes_that_start_together_migrate_once(stage: Stage) {
    let empty = stage.empty_like().await;
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

pub async fn nothing_is_there_before_the_migration(stage: Stage) {
    let empty = stage.empty_like().await;
    let error = empty.store.cloud_list().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(error.to_string(), "internal error");
    assert!(error.chain().contains("clouds"), "the operator reads which table: {}", error.chain());
    empty.store.migrate().await.unwrap();
    assert!(empty.store.cloud_list().await.unwrap().is_empty());
}
