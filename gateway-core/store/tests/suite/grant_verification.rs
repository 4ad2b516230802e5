//! The verification of grants.

use std::time::Duration;

use gateway_core::shares::CallCapacity;
use gateway_store::GrantChange::{Doubted, Ended, Kept};
use gateway_store::{DueGrant, SealedCredential, Store};

use crate::fixtures::{CAPABILITY, LATER, VOLUME, access, all, client, cloud, granted, one_account, proven};
use crate::test_store::TestStore;

const NOW: Duration = Duration::ZERO;

async fn due(store: &Store) -> Vec<DueGrant> {
    store.grants_due(100, CallCapacity::unlimited()).await.unwrap()
}

pub async fn due_grant_is_claimed_once(fixture: TestStore) {
    let (cloud, principal) = (cloud(&fixture.store, "sim").await, client(&fixture.store, "dashboard").await);
    let mut credentials = Vec::new();
    for number in 0..20 {
        let mut grant = proven(principal, cloud, &format!("account-{number}"), all());
        // The last one is not due.
        grant.verify_after = if number < 19 { NOW } else { LATER };
        credentials.push(grant.credential.id);
        fixture.store.grant_record(grant, &CAPABILITY).await.unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = fixture.another_process();
        tasks.spawn(async move { due(&store).await });
    }
    let mut claimed: Vec<_> = tasks.join_all().await.concat().iter().map(|due| due.credential.id).collect();
    claimed.sort_unstable();
    credentials.truncate(19);
    credentials.sort_unstable();
    assert_eq!(claimed, credentials);
    assert!(due(&fixture.store).await.is_empty());
}

pub async fn second_consecutive_refusal_ends_the_grant(fixture: TestStore) {
    let store = &fixture.store;
    let credential = one_account(store).await;
    assert_eq!(store.grant_refused(&credential).await.unwrap(), Doubted);
    assert_eq!((fixture.rows("grants"), fixture.rows("events WHERE change_name = 'ended'")), (1, 0));
    assert_eq!(store.grant_refused(&credential).await.unwrap(), Ended);
    assert_eq!((fixture.rows("grants"), fixture.rows("credentials")), (0, 0));
    assert_eq!(fixture.rows("events WHERE change_name = 'ended'"), 1);
    assert_eq!(store.grant_refused(&credential).await.unwrap(), Kept, "the grant has already ended");
    assert_eq!(fixture.rows("events WHERE change_name = 'ended'"), 1);
}

pub async fn verification_resets_refusals(fixture: TestStore) {
    let store = &fixture.store;
    let credential = one_account(store).await;
    for _ in 0..3 {
        assert_eq!(store.grant_refused(&credential).await.unwrap(), Doubted);
        store.grant_verified(&credential, NOW).await.unwrap();
        let due = due(store).await;
        assert_eq!((due.len(), due[0].refusals), (1, 0));
    }
}

pub async fn postponed_verification_never_ends_the_grant(fixture: TestStore) {
    let store = &fixture.store;
    let credential = one_account(store).await;
    assert_eq!(store.grant_refused(&credential).await.unwrap(), Doubted);
    for _ in 0..5 {
        store.grant_postponed(&credential, NOW).await.unwrap();
        let due = due(store).await;
        assert_eq!((due.len(), due[0].refusals), (1, 1), "a timeout neither adds nor resets refusals");
    }
    assert_eq!(fixture.rows("grants"), 1);
}

pub async fn late_refusal_does_not_affect_the_new_credential(fixture: TestStore) {
    let store = &fixture.store;
    let old = one_account(store).await;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    assert_eq!(store.grant_refused(&old).await.unwrap(), Doubted);
    let new = granted(store, old.principal, cloud, "demo").await;
    let refusals = |fixture: &TestStore| fixture.sql().number("SELECT refusals AS n FROM grants");
    assert_eq!(refusals(&fixture), 0, "a new credential starts afresh");
    for _ in 0..3 {
        assert_eq!(store.grant_refused(&old).await.unwrap(), Kept);
    }
    store.grant_verified(&old, NOW).await.unwrap();
    store.grant_postponed(&old, NOW).await.unwrap();
    assert!(due(store).await.is_empty(), "the old credential changes no times");
    assert_eq!(refusals(&fixture), 0);
    assert_eq!(store.credential_of(new.principal, new.account).await.unwrap().unwrap().id, new.id);
}

pub async fn renewal_does_not_revive_an_ended_grant(fixture: TestStore) {
    let store = &fixture.store;
    let (cloud, principal) = (cloud(store, "sim").await, client(store, "dashboard").await);
    let mut grant = proven(principal, cloud, "demo", all());
    store.grant_record(grant.clone(), &CAPABILITY).await.unwrap();
    assert!(!store.grant_renew(grant.clone(), &CAPABILITY).await.unwrap(), "the same as before");
    grant.access = access(&["r1", "r2"], &[VOLUME]);
    assert!(store.grant_renew(grant.clone(), &CAPABILITY).await.unwrap());
    assert_eq!(fixture.rows("poll_targets WHERE region = 'r2'"), 1);
    assert_eq!(fixture.rows("events WHERE change_name = 'granted'"), 2);

    let newer = granted(store, principal, cloud, "demo").await;
    assert!(!store.grant_renew(grant.clone(), &CAPABILITY).await.unwrap(), "its credential was replaced");
    assert_eq!(store.credential_of(principal, newer.account).await.unwrap().unwrap().id, newer.id);
    for _ in 0..2 {
        store.grant_refused(&newer).await.unwrap();
    }
    grant.credential = newer;
    assert!(!store.grant_renew(grant, &CAPABILITY).await.unwrap());
    assert_eq!((fixture.rows("grants"), fixture.rows("credentials")), (0, 0));
}

pub async fn suspected_grant_is_due_at_once(fixture: TestStore) {
    let store = &fixture.store;
    let credential = one_account(store).await;
    let other = granted(
        store,
        client(store, "other").await,
        store.cloud_by_name("sim").await.unwrap().unwrap().spec.id,
        "demo",
    );
    let other = other.await;
    assert!(due(store).await.is_empty());
    store.grant_suspect(credential.id).await.unwrap();
    let claimed = due(store).await;
    assert_eq!(claimed.iter().map(|due| due.credential.id).collect::<Vec<_>>(), [credential.id]);
    store.grant_suspect(credential.id).await.unwrap();
    assert!(due(store).await.is_empty(), "it is being verified already");
    store.grant_suspect(other.id).await.unwrap();
    assert_eq!(due(store).await.len(), 1);
}

pub async fn reseal_is_refused_after_the_credential_changed(fixture: TestStore) {
    let store = &fixture.store;
    let credential = one_account(store).await;
    let page = store.credential_page(None, 10).await.unwrap();
    assert_eq!(page.iter().map(|found| found.id).collect::<Vec<_>>(), [credential.id]);
    assert!(store.credential_page(Some(credential.id), 10).await.unwrap().is_empty());
    assert!(store.credential_reseal(credential.id, "sealed", "sealed anew").await.unwrap());
    assert!(!store.credential_reseal(credential.id, "sealed", "sealed late").await.unwrap());
    let kept = store.credential_of(credential.principal, credential.account).await.unwrap().unwrap();
    assert_eq!(kept.sealed, "sealed anew");
    let place = SealedCredential::associated_data(credential.principal, credential.account);
    assert_ne!(place, SealedCredential::associated_data(client(store, "other").await, credential.account));
    assert!(!format!("{kept:?}").contains("sealed anew"));
}
