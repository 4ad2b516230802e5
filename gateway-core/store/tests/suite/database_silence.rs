//! A database that is frozen, cut off or slow, under a store that is opened once.

use std::time::{Duration, Instant};

use gateway_core::error::ErrorKind;
use gateway_core::id::ProcessId;
use gateway_core::time_limit::{TimeLimit, within};
use gateway_store::Store;
use gateway_tests::{Durability, MariaDb, ledger, until};
use tokio::task::JoinSet;

use crate::fixtures::LATER;
use crate::proxy::Proxy;
use crate::sql::Sql;
use crate::test_store::TestStore;

/// Time in which calls to a silent database fail, on a busy machine. The front would wait for 30 seconds.
const A_FEW_SECONDS: Duration = Duration::from_secs(15);

/// Time in which a database that is back is used again.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_database_is_unavailable_until_it_resumes() {
    let mut server = MariaDb::start(Durability::EverySecond).await;
    let fixture = TestStore::at(&server.database("frozen").url);
    let store = &fixture.store;
    store.migrate().await.unwrap();
    store.check_health().await.unwrap();

    server.child().pause();
    // More calls than connections: the others wait for one.
    all_fail_soon(store, 30).await;
    assert_eq!(store.check_health().await.unwrap_err().kind(), ErrorKind::Unavailable);
    let start = Instant::now();
    store.now().await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(1), "a call to a silent database fails at once");

    server.child().resume();
    answers_again(store).await;
    ledger::ran_on("mysql", "store::frozen_database_is_unavailable_until_it_resumes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_behind_a_cut_network_is_unavailable_until_it_can_be_reached() {
    let server = MariaDb::shared().await;
    let database = server.database("cut");
    let proxy = Proxy::before(&database.url).await;
    let fixture = TestStore::at(&proxy.url(&database.url));
    let store = &fixture.store;
    store.migrate().await.unwrap();

    proxy.drop_packets(true);
    all_fail_soon(store, 30).await;
    assert_eq!(store.check_health().await.unwrap_err().kind(), ErrorKind::Unavailable);

    // Connections from before stay silent for good: the store must make new ones.
    proxy.drop_packets(false);
    answers_again(store).await;
    ledger::ran_on("mysql", "store::database_behind_a_cut_network_is_unavailable_until_it_can_be_reached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statement_and_wait_for_a_connection_end_at_their_limits() {
    let fixture = TestStore::mysql("limits").await;
    let store = &fixture.store;
    let Sql::Mysql(mut other) = fixture.sql() else { panic!("not MySQL") };
    let lock = "SELECT name FROM leaders FOR UPDATE";
    diesel::connection::SimpleConnection::batch_execute(&mut other, "BEGIN").unwrap();
    diesel::RunQueryDsl::execute(diesel::sql_query(lock), &mut other).unwrap();

    // Shorter than the server's own limit of waits for locks, and than the limit of idle transactions.
    let statement = Duration::from_secs(1);
    let slow = within(TimeLimit { statement, deadline: None }, lead(store));
    let start = Instant::now();
    let error = slow.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());

    // All connections wait for the lock.
    let mut waiting = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        waiting.spawn(async move { lead(&store).await });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let deadline = Some(tokio::time::Instant::now() + Duration::from_millis(500));
    let start = Instant::now();
    let error = within(TimeLimit { deadline, ..TimeLimit::WORK }, store.now()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    store.check_health().await.expect("a busy database is healthy");
    drop(other);
    waiting.join_all().await;
    ledger::ran_on("mysql", "store::statement_and_wait_for_a_connection_end_at_their_limits");
}

async fn lead(store: &Store) -> gateway_core::error::Result<()> {
    store.relay_lead(ProcessId::generate(), LATER).await.map(drop)
}

async fn all_fail_soon(store: &Store, count: usize) {
    let start = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let store = store.clone();
        calls.spawn(async move { store.cloud_list().await });
    }
    let outcomes = tokio::time::timeout(A_FEW_SECONDS, calls.join_all()).await;
    for outcome in outcomes.expect("all calls end within seconds") {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    println!("{count} calls failed within {:?}", start.elapsed());
}

async fn answers_again(store: &Store) {
    let start = Instant::now();
    until("the database answers again", SOON, || async { Ok(store.now().await.map(drop)?) }).await;
    store.check_health().await.unwrap();
    println!("the database was used again after {:?}", start.elapsed());
    let mut calls = JoinSet::new();
    for _ in 0..30 {
        let store = store.clone();
        calls.spawn(async move { store.cloud_list().await });
    }
    for outcome in calls.join_all().await {
        outcome.unwrap();
    }
}
