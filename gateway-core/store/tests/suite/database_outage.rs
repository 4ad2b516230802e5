//! Outages of the database, under a store that is opened once.

use std::time::{Duration, Instant};

use gateway_core::error::{ErrorKind, Status};
use gateway_core::id::ProcessId;
use gateway_tests::{Durability, MariaDb, ledger, until};

use crate::fixtures::{LATER, granted, one_account};
use crate::sightings::{Instances, Running, noted, present};
use crate::test_store::TestStore;

/// Time after which a caller has given up.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_database_is_unavailable_until_it_restarts() {
    let mut server = MariaDb::start(Durability::EveryCommit).await;
    let fixture = TestStore::at(&server.database("outage").url);
    fixture.store.migrate().await.unwrap();
    let credential = one_account(&fixture.store).await;
    let instances = Instances::new(&fixture.store, 1);
    instances.fill((0..100).map(|number| format!("i-{number}"))).await;
    fill_the_pool(&fixture).await;

    server.kill9();
    let start = Instant::now();
    let store = &fixture.store;
    let (read, write) =
        tokio::join!(store.cloud_list(), store.targets_claim(ProcessId::generate(), LATER, 9));
    for error in [read.unwrap_err(), write.unwrap_err()] {
        assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Status::Temporary), "{error:?}");
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    }
    assert!(start.elapsed() < REQUEST_TIMEOUT, "{:?}", start.elapsed());

    server.restart().await;
    assert_eq!(store.cloud_list().await.unwrap().len(), 1, "the first read after it is back works");
    instances.apply(2, vec![present("new", Running)]).await;
    assert_eq!(
        (fixture.rows("resources"), fixture.rows("events")),
        (101, 102),
        "what was committed is there"
    );
    assert!(store.credential_of(credential.principal, credential.account).await.unwrap().is_some());
    granted(store, credential.principal, store.cloud_list().await.unwrap()[0].spec.id, "demo").await;
    ledger::ran_on("mysql", "store::killed_database_is_unavailable_until_it_restarts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restart_between_two_calls_is_invisible() {
    let mut server = MariaDb::start(Durability::EveryCommit).await;
    let fixture = TestStore::at(&server.database("restart").url);
    fixture.store.migrate().await.unwrap();
    let instances = Instances::new(&fixture.store, 1);
    fill_the_pool(&fixture).await;
    server.kill9();
    server.restart().await;
    // Every pooled connection is dead, and no call has found out yet.
    instances.apply(1, vec![present("a", Running)]).await;
    fill_the_pool(&fixture).await;
    server.kill9();
    server.restart().await;
    fixture.store.cloud_list().await.unwrap();
    ledger::ran_on("mysql", "store::restart_between_two_calls_is_invisible");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_write_survives_a_kill() {
    let mut server = MariaDb::start(Durability::EveryCommit).await;
    let fixture = TestStore::at(&server.database("kill").url);
    fixture.store.migrate().await.unwrap();
    let instances = Instances::new(&fixture.store, 1);
    let writer = tokio::spawn({
        let (store, instances) = (fixture.store.clone(), instances.clone());
        async move {
            let mut acknowledged = 0;
            loop {
                let seen = instances.seen(1, vec![noted("a", &acknowledged.to_string())]);
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
        anyhow::ensure!(fixture.rows("events") > 20);
        Ok(())
    })
    .await;
    server.kill9();
    let acknowledged = writer.await.unwrap();
    server.restart().await;
    let version = fixture.sql().number("SELECT version AS n FROM resources");
    assert!(
        version == acknowledged || version == acknowledged + 1,
        "{acknowledged} acknowledged, {version} there"
    );
    assert_eq!(fixture.rows("events"), version, "row and event are one commit");
    ledger::ran_on("mysql", "store::acknowledged_write_survives_a_kill");
}

/// Makes the store open all its connections.
async fn fill_the_pool(fixture: &TestStore) {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let store = fixture.store.clone();
        calls.spawn(async move { store.now().await.unwrap() });
    }
    calls.join_all().await;
}
