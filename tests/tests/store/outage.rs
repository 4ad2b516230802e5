//! The database goes and comes back; the store is opened once.

use std::time::{Duration, Instant};

use gateway_core::error::{ErrorKind, Status};
use gateway_core::id::ProcessId;
use gateway_tests::{Durability, MariaDb, ledger, until};

use crate::given::{LATER, granted, one_account};
use crate::seen::{Running, Shelf, noted, there};
use crate::stage::Stage;

/// A caller has gone by then.
const PATIENCE: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_database_is_unavailable_until_it_is_back() {
    let mut server = MariaDb::start(Durability::EveryCommit).await;
    let stage = Stage::at(&server.database("outage").url);
    stage.store.migrate().await.unwrap();
    let credential = one_account(&stage.store).await;
    let shelf = Shelf::new(&stage.store, 1);
    shelf.fill((0..100).map(|number| format!("i-{number}"))).await;
    fill_the_pool(&stage).await;

    server.kill9();
    let start = Instant::now();
    let store = &stage.store;
    let (read, write) =
        tokio::join!(store.cloud_list(), store.targets_claim(ProcessId::generate(), LATER, 9));
    for error in [read.unwrap_err(), write.unwrap_err()] {
        assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Status::Temporary), "{error:?}");
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    }
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());

    server.restart().await;
    assert_eq!(store.cloud_list().await.unwrap().len(), 1, "the first read after it is back works");
    shelf.apply(2, vec![there("new", Running)]).await;
    assert_eq!((stage.rows("resources"), stage.rows("events")), (101, 102), "what was committed is there");
    assert!(store.credential_of(credential.principal, credential.account).await.unwrap().is_some());
    granted(store, credential.principal, store.cloud_list().await.unwrap()[0].spec.id, "demo").await;
    ledger::ran_on("mysql", "store::a_killed_database_is_unavailable_until_it_is_back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_between_two_calls_is_not_noticed() {
    let mut server = MariaDb::start(Durability::EveryCommit).await;
    let stage = Stage::at(&server.database("restart").url);
    stage.store.migrate().await.unwrap();
    let shelf = Shelf::new(&stage.store, 1);
    fill_the_pool(&stage).await;
    server.kill9();
    server.restart().await;
    // Every pooled connection is dead, and no call has met that yet.
    shelf.apply(1, vec![there("a", Running)]).await;
    fill_the_pool(&stage).await;
    server.kill9();
    server.restart().await;
    stage.store.cloud_list().await.unwrap();
    ledger::ran_on("mysql", "store::a_restart_between_two_calls_is_not_noticed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_a_kill_is_there_after_it() {
    let mut server = MariaDb::start(Durability::EveryCommit).await;
    let stage = Stage::at(&server.database("kill").url);
    stage.store.migrate().await.unwrap();
    let shelf = Shelf::new(&stage.store, 1);
    let writer = tokio::spawn({
        let (store, shelf) = (stage.store.clone(), shelf.clone());
        async move {
            let mut acknowledged = 0;
            loop {
                let seen = shelf.seen(1, vec![noted("a", &acknowledged.to_string())]);
                match store.apply(gateway_store::WriteGuard::Direct, seen).await {
                    Ok(_) => acknowledged += 1,
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
                        return acknowledged;
                    }
                }
            }
        }
    });
    until("some commits", Duration::from_secs(20), || async {
        anyhow::ensure!(stage.rows("events") > 20);
        Ok(())
    })
    .await;
    server.kill9();
    let acknowledged = writer.await.unwrap();
    server.restart().await;
    let version = stage.raw().number("SELECT version AS n FROM resources");
    assert!(
        version == acknowledged || version == acknowledged + 1,
        "{acknowledged} acknowledged, {version} there"
    );
    assert_eq!(stage.rows("events"), version, "row and event are one commit");
    ledger::ran_on("mysql", "store::what_was_answered_before_a_kill_is_there_after_it");
}

/// Makes the store open all its connections.
async fn fill_the_pool(stage: &Stage) {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let store = stage.store.clone();
        calls.spawn(async move { store.now().await.unwrap() });
    }
    calls.join_all().await;
}
