//! Grants: their accounts, credentials, targets and events.

use std::time::Duration;

use gateway_store::Grant;

use crate::fixtures::{
    CAPABILITY, GLOBAL_TARGETS, IMAGE, INSTANCE, LATER, OWN_TARGETS, VOLUME, access, all, client, cloud,
    granted, one_account, proven,
};
use crate::test_store::TestStore;

const GRANT_EVENTS: &str = "events WHERE kind = 'grant'";

pub async fn repeated_grant_creates_account_and_targets_once(fixture: TestStore) {
    let store = &fixture.store;
    let (cloud, principal) = (cloud(store, "sim").await, client(store, "dashboard").await);
    let first = granted(store, principal, cloud, "demo").await;
    let second = granted(store, principal, cloud, "demo").await;
    assert_eq!(first.account, second.account);
    assert_eq!((fixture.rows("accounts"), fixture.rows("grants")), (1, 1));
    assert_eq!(fixture.rows("poll_targets"), OWN_TARGETS + GLOBAL_TARGETS);
    assert_eq!(fixture.rows("credentials"), 1, "the newer replaced the older");
    let kept = store.credential_of(principal, first.account).await.unwrap().unwrap();
    assert_eq!(kept.id, second.id);

    let mut renamed = proven(principal, cloud, "demo", all());
    renamed.proof.name = "another name".to_owned();
    store.grant_record(renamed, &CAPABILITY).await.unwrap();
    let seen = store.grant_list(principal, None, 10).await.unwrap();
    assert_eq!(seen[0].account.name, "another name");
}

pub async fn two_principals_share_an_account_and_its_targets(fixture: TestStore) {
    let store = &fixture.store;
    let cloud = cloud(store, "sim").await;
    let (one, two) = (client(store, "one").await, client(store, "two").await);
    let (ones, twos) = (granted(store, one, cloud, "demo").await, granted(store, two, cloud, "demo").await);
    assert_eq!(ones.account, twos.account);
    assert_eq!((fixture.rows("accounts"), fixture.rows("grants"), fixture.rows("credentials")), (1, 2, 2));
    assert_eq!(fixture.rows("poll_targets"), OWN_TARGETS + GLOBAL_TARGETS);
    granted(store, two, cloud, "other").await;
    assert_eq!(
        fixture.rows("poll_targets"),
        2 * OWN_TARGETS + GLOBAL_TARGETS,
        "global ones are one per cloud"
    );
    let elsewhere = crate::fixtures::cloud(store, "sim2").await;
    granted(store, two, elsewhere, "demo").await;
    assert_eq!(fixture.rows("accounts"), 3, "the same id at another cloud is another account");
    assert_eq!(fixture.rows("poll_targets"), 3 * OWN_TARGETS + 2 * GLOBAL_TARGETS);
}

pub async fn unlistable_kind_gets_no_target(fixture: TestStore) {
    let store = &fixture.store;
    let (cloud, principal) = (cloud(store, "sim").await, client(store, "dashboard").await);
    let grant = proven(principal, cloud, "demo", access(&["r1"], &[VOLUME]));
    store.grant_record(grant, &CAPABILITY).await.unwrap();
    assert_eq!(fixture.sql().texts("SELECT kind AS t FROM poll_targets"), ["volume"]);
    let grant = proven(principal, cloud, "demo", access(&["r1", "r2"], &[VOLUME, IMAGE]));
    store.grant_record(grant, &CAPABILITY).await.unwrap();
    assert_eq!(fixture.rows("poll_targets WHERE kind = 'image'"), 4, "own and published, in two regions");
    assert_eq!(fixture.rows("poll_targets"), 6);
}

pub async fn grant_event_follows_changed_access_only(fixture: TestStore) {
    let store = &fixture.store;
    let (cloud, principal) = (cloud(store, "sim").await, client(store, "dashboard").await);
    granted(store, principal, cloud, "demo").await;
    assert_eq!(fixture.rows(GRANT_EVENTS), 1);
    granted(store, principal, cloud, "demo").await;
    assert_eq!(fixture.rows(GRANT_EVENTS), 1, "a new credential with the same access");
    let grant = proven(principal, cloud, "demo", access(&["r1"], &[INSTANCE]));
    store.grant_record(grant, &CAPABILITY).await.unwrap();
    assert_eq!(fixture.rows(GRANT_EVENTS), 2);
    let changes = fixture.sql().texts("SELECT change_name AS t FROM events");
    assert_eq!(changes, ["granted", "granted"]);
}

pub async fn concurrent_first_grants_create_one_account(fixture: TestStore) {
    let cloud = cloud(&fixture.store, "sim").await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let store = fixture.another_process();
        let principal = client(&fixture.store, &format!("client-{number}")).await;
        tasks.spawn(async move { granted(&store, principal, cloud, "demo").await.account });
    }
    let mut accounts = tasks.join_all().await;
    accounts.dedup();
    assert_eq!(accounts.len(), 1);
    assert_eq!((fixture.rows("accounts"), fixture.rows("grants")), (1, 8));
    assert_eq!(fixture.rows("poll_targets"), OWN_TARGETS + GLOBAL_TARGETS);
    assert_eq!(fixture.rows(GRANT_EVENTS), 8);
}

/// Records a grant while another transaction has changed rows of a table. That transaction ends when the record waits for
/// its locks.
async fn recorded_during(fixture: &TestStore, grant: Grant, table: &str, change: &str) {
    let (mut other, store) = (fixture.sql(), fixture.another_process());
    other.begin();
    other.execute(change);
    let recording = tokio::spawn(async move { store.grant_record(grant, &CAPABILITY).await });
    while !recording.is_finished() && !other.is_waited_for(table) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.execute("COMMIT");
    recording.await.unwrap().unwrap();
}

pub async fn change_of_access_during_a_grant_is_reported(fixture: TestStore) {
    let store = &fixture.store;
    let principal = one_account(store).await.principal;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    let generation = store.identity(principal).await.unwrap().unwrap().generation;
    let narrow = serde_json::to_string(&access(&["r1"], &[VOLUME])).unwrap();
    let change = format!("UPDATE grants SET access = '{narrow}'");
    recorded_during(&fixture, proven(principal, cloud, "demo", all()), "grants", &change).await;
    assert_eq!(fixture.rows(GRANT_EVENTS), 2);
    assert!(store.identity(principal).await.unwrap().unwrap().generation > generation);
}

pub async fn grant_that_ends_during_its_record_is_created_again(fixture: TestStore) {
    let store = &fixture.store;
    let principal = one_account(store).await.principal;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    let grant = proven(principal, cloud, "demo", all());
    recorded_during(&fixture, grant, "grants", "DELETE FROM grants").await;
    assert_eq!((fixture.rows("grants"), fixture.rows(GRANT_EVENTS)), (1, 2));
}

pub async fn target_that_is_suspended_during_a_grant_is_due(fixture: TestStore) {
    let store = &fixture.store;
    let principal = one_account(store).await.principal;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    let suspend = format!("UPDATE poll_targets SET status = 'suspended', due_at = {}", i64::MAX / 2);
    recorded_during(&fixture, proven(principal, cloud, "demo", all()), "poll_targets", &suspend).await;
    let claims = store.targets_claim(gateway_core::id::ProcessId::generate(), LATER, 100).await.unwrap();
    assert_eq!(claims.len() as i64, OWN_TARGETS + GLOBAL_TARGETS);
}
