//! Verifying grants: what keeps one alive and what ends it.

use std::time::Duration;

use gateway_store::GrantChange::{Doubted, Ended, Kept};
use gateway_store::{DueGrant, SealedCredential, Store};

use crate::given::{CAPABILITY, LATER, VOLUME, access, all, client, cloud, granted, one_account, proven};
use crate::stage::Stage;

const NOW: Duration = Duration::ZERO;

async fn due(store: &Store) -> Vec<DueGrant> {
    store.grants_due(100).await.unwrap()
}

pub async fn a_due_grant_is_claimed_once(stage: Stage) {
    let (cloud, principal) = (cloud(&stage.store, "sim").await, client(&stage.store, "dashboard").await);
    let mut credentials = Vec::new();
    for number in 0..20 {
        let mut grant = proven(principal, cloud, &format!("account-{number}"), all());
        // The last one is not due.
        grant.verify_after = if number < 19 { NOW } else { LATER };
        credentials.push(grant.credential.id);
        stage.store.grant_record(grant, &CAPABILITY).await.unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = stage.another_process();
        tasks.spawn(async move { due(&store).await });
    }
    let mut claimed: Vec<_> = tasks.join_all().await.concat().iter().map(|due| due.credential.id).collect();
    claimed.sort_unstable();
    credentials.truncate(19);
    credentials.sort_unstable();
    assert_eq!(claimed, credentials);
    assert!(due(&stage.store).await.is_empty());
}

pub async fn the_second_refusal_in_a_row_ends_a_grant(stage: Stage) {
    let store = &stage.store;
    let credential = one_account(store).await;
    assert_eq!(store.grant_refused(&credential).await.unwrap(), Doubted);
    assert_eq!((stage.rows("grants"), stage.rows("events WHERE change_name = 'ended'")), (1, 0));
    assert_eq!(store.grant_refused(&credential).await.unwrap(), Ended);
    assert_eq!((stage.rows("grants"), stage.rows("credentials")), (0, 0));
    assert_eq!(stage.rows("events WHERE change_name = 'ended'"), 1);
    assert_eq!(store.grant_refused(&credential).await.unwrap(), Kept, "there is nothing left to end");
    assert_eq!(stage.rows("events WHERE change_name = 'ended'"), 1);
}

pub async fn a_verification_forgives_a_refusal(stage: Stage) {
    let store = &stage.store;
    let credential = one_account(store).await;
    for _ in 0..3 {
        assert_eq!(store.grant_refused(&credential).await.unwrap(), Doubted);
        store.grant_verified(&credential, NOW).await.unwrap();
        let due = due(store).await;
        assert_eq!((due.len(), due[0].refusals), (1, 0));
    }
}

pub async fn what_nobody_could_say_never_ends_a_grant(stage: Stage) {
    let store = &stage.store;
    let credential = one_account(store).await;
    assert_eq!(store.grant_refused(&credential).await.unwrap(), Doubted);
    for _ in 0..5 {
        store.grant_postponed(&credential, NOW).await.unwrap();
        let due = due(store).await;
        assert_eq!((due.len(), due[0].refusals), (1, 1), "a timeout neither adds nor forgives");
    }
    assert_eq!(stage.rows("grants"), 1);
}

pub async fn a_late_refusal_does_not_end_a_new_credential(stage: Stage) {
    let store = &stage.store;
    let old = one_account(store).await;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    assert_eq!(store.grant_refused(&old).await.unwrap(), Doubted);
    let new = granted(store, old.principal, cloud, "demo").await;
    let refusals = |stage: &Stage| stage.raw().number("SELECT refusals AS n FROM grants");
    assert_eq!(refusals(&stage), 0, "a new credential starts afresh");
    for _ in 0..3 {
        assert_eq!(store.grant_refused(&old).await.unwrap(), Kept);
    }
    store.grant_verified(&old, NOW).await.unwrap();
    store.grant_postponed(&old, NOW).await.unwrap();
    assert!(due(store).await.is_empty(), "the old one moves no times");
    assert_eq!(refusals(&stage), 0);
    assert_eq!(store.credential_of(new.principal, new.account).await.unwrap().unwrap().id, new.id);
}

pub async fn renewing_brings_no_ended_grant_back(stage: Stage) {
    let store = &stage.store;
    let (cloud, principal) = (cloud(store, "sim").await, client(store, "dashboard").await);
    let mut grant = proven(principal, cloud, "demo", all());
    store.grant_record(grant.clone(), &CAPABILITY).await.unwrap();
    assert!(!store.grant_renew(grant.clone(), &CAPABILITY).await.unwrap(), "the same as before");
    grant.access = access(&["r1", "r2"], &[VOLUME]);
    assert!(store.grant_renew(grant.clone(), &CAPABILITY).await.unwrap());
    assert_eq!(stage.rows("poll_targets WHERE region = 'r2'"), 1);
    assert_eq!(stage.rows("events WHERE change_name = 'granted'"), 2);

    let newer = granted(store, principal, cloud, "demo").await;
    assert!(!store.grant_renew(grant.clone(), &CAPABILITY).await.unwrap(), "its credential was replaced");
    assert_eq!(store.credential_of(principal, newer.account).await.unwrap().unwrap().id, newer.id);
    for _ in 0..2 {
        store.grant_refused(&newer).await.unwrap();
    }
    grant.credential = newer;
    assert!(!store.grant_renew(grant, &CAPABILITY).await.unwrap());
    assert_eq!((stage.rows("grants"), stage.rows("credentials")), (0, 0));
}

pub async fn a_suspected_grant_is_due_at_once(stage: Stage) {
    let store = &stage.store;
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

pub async fn a_seal_is_replaced_unless_the_credential_changed(stage: Stage) {
    let store = &stage.store;
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
