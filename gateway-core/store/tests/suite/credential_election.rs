//! The election of the credential that a target is listed with.

use gateway_store::{Claim, PollOutcome, TargetStatus};

use crate::fixtures::{
    CAPABILITY, INSTANCE_TYPE, LATER, OWN_TARGETS, VOLUME, access, all, client, granted, one_account, proven,
};
use crate::poll_claim::{NOTHING, TARGETS, claim, claim_instances};
use crate::test_store::TestStore;

pub async fn target_without_able_credential_is_suspended_until_a_grant(fixture: TestStore) {
    let store = &fixture.store;
    let credential = one_account(store).await;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    for _ in 0..2 {
        store.grant_refused(&credential).await.unwrap();
    }
    assert!(claim(store, LATER).await.is_empty());
    assert_eq!(fixture.rows("poll_targets WHERE status = 'suspended'"), TARGETS as i64);
    assert_eq!(
        store.targets_next_due(gateway_core::shares::CallCapacity::unlimited()).await.unwrap(),
        None,
        "no passage of time makes a target due"
    );

    let grant = proven(credential.principal, cloud, "demo", access(&["r1"], &[VOLUME, INSTANCE_TYPE]));
    store.grant_record(grant, &CAPABILITY).await.unwrap();
    let mut kinds: Vec<_> = claim(store, NOTHING).await.iter().map(|claim| claim.target.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [INSTANCE_TYPE, VOLUME], "only what it may list wakes");
    granted(store, credential.principal, cloud, "demo").await;
    assert_eq!(claim(store, LATER).await.len(), TARGETS);
}

pub async fn elected_credential_stays_while_it_is_able(fixture: TestStore) {
    let store = &fixture.store;
    let first = one_account(store).await;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    assert_eq!(claim_instances(store, NOTHING).await.credential.id, first.id);
    let second = granted(store, client(store, "other").await, cloud, "demo").await;
    store.grant_verified(&second, LATER).await.unwrap();
    assert_eq!(claim_instances(store, NOTHING).await.credential.id, first.id, "though another is fresher");
    store.grant_refused(&first).await.unwrap();
    assert_eq!(claim_instances(store, NOTHING).await.credential.id, first.id, "though it is in doubt");
    store.grant_refused(&first).await.unwrap();
    assert_eq!(claim_instances(store, NOTHING).await.credential.id, second.id);
    granted(store, first.principal, cloud, "demo").await;
    assert_eq!(claim_instances(store, NOTHING).await.credential.id, second.id);
    let blind = proven(second.principal, cloud, "demo", access(&["r1"], &[VOLUME]));
    store.grant_record(blind, &CAPABILITY).await.unwrap();
    let elected = claim_instances(store, NOTHING).await.credential;
    assert_eq!(elected.principal, first.principal, "the other may not list instances any more");
}

pub async fn elected_credential_stays_among_many(fixture: TestStore) {
    let store = &fixture.store;
    let first = one_account(store).await;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    let published = |claims: Vec<Claim>| {
        let claim = claims.into_iter().find(|claim| claim.target.kind == INSTANCE_TYPE);
        claim.expect("types are due").credential.id
    };
    assert_eq!(published(claim(store, NOTHING).await), first.id);
    // Accounts of the same cloud, all verified later, most of which may not list the kind.
    for number in 0..60 {
        let may = if number < 59 { access(&["r1"], &[VOLUME]) } else { all() };
        let grant = proven(first.principal, cloud, &format!("account-{number}"), may);
        store.grant_record(grant, &CAPABILITY).await.unwrap();
    }
    assert_eq!(published(claim(store, NOTHING).await), first.id);
    for _ in 0..2 {
        store.grant_refused(&first).await.unwrap();
    }
    let able = store.grant_list(first.principal, None, 100).await.unwrap();
    let able = able.iter().find(|grant| grant.account.external_id == "account-59").unwrap();
    // The able credential is verified before all others, and is still found.
    fixture.sql().execute("UPDATE grants SET verified_at = 1 WHERE access LIKE '%\"instance_type\":true%'");
    let successor = store.credential_of(first.principal, able.account.id).await.unwrap().unwrap();
    assert_eq!(published(claim(store, NOTHING).await), successor.id);
}

pub async fn published_resources_are_listed_with_another_account_after_failures(fixture: TestStore) {
    let store = &fixture.store;
    let first = one_account(store).await;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    let failed = |failures| PollOutcome {
        status: TargetStatus::Failed,
        reason: Some("the cloud did not answer in time".to_owned()),
        listed: None,
        failures,
        agreeing: 0,
        next: NOTHING,
    };
    // Returns the account that published resources are listed with; all listings fail.
    let fail = async |failures| {
        let claims = claim(store, LATER).await;
        for claim in &claims {
            store.target_finish(claim.fence, failed(failures)).await.unwrap();
        }
        let published = claims.iter().find(|claim| claim.target.kind == INSTANCE_TYPE);
        published.expect("types are due").credential.account
    };
    assert_eq!(fail(5).await, first.account);
    assert_eq!(fail(4).await, first.account, "there is no other");
    let second = granted(store, first.principal, cloud, "other").await;
    assert_eq!(fail(5).await, first.account, "it may be a short outage");
    assert_eq!(fail(0).await, second.account);
    assert_eq!(fail(0).await, second.account, "it stays while its listings succeed");
}

pub async fn account_pause_is_part_of_the_claim(fixture: TestStore) {
    let store = &fixture.store;
    let credential = one_account(store).await;
    let until = store.now().await.unwrap().plus(LATER);
    store.account_pause(credential.account, until).await.unwrap();
    store.account_pause(credential.account, until.minus(LATER)).await.unwrap();
    let claims = claim(store, LATER).await;
    assert!(claims.iter().all(|claim| claim.paused_until == until), "the longer pause stands");
    let most = claims.iter().map(|claim| claim.sharing).max();
    assert_eq!(most, Some(OWN_TARGETS as u32), "so many share the account's budget");
}
