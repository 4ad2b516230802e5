//! The authority of principals: visible targets.

use gateway_core::id::{Holder, PrincipalId, ProcessId};
use gateway_core::kind::Kind;
use gateway_store::{Authority, TargetStatus};

use crate::fixtures::{
    CAPABILITY, IMAGE, INSTANCE, INSTANCE_TYPE, LATER, VOLUME, access, client, cloud, granted, one_account,
    proven,
};
use crate::test_store::TestStore;

async fn authority_of(fixture: &TestStore, principal: PrincipalId) -> Authority {
    fixture.store.authority(principal).await.unwrap().unwrap()
}

/// Returns region and kind of the visible targets of accounts, or of published resources.
fn visible(authority: &Authority, published: bool) -> Vec<(String, Kind)> {
    let of = |holder: Holder| (holder == Holder::Global) == published;
    let targets = authority.targets.iter().filter(|target| of(target.holder));
    let mut seen: Vec<_> = targets.map(|target| (target.region.to_string(), target.kind)).collect();
    seen.sort();
    seen
}

pub async fn only_listable_kinds_of_the_own_credential_are_visible(fixture: TestStore) {
    let store = &fixture.store;
    let admin = one_account(store).await;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    let reader = client(store, "reader").await;
    let grant = proven(reader, cloud, "demo", access(&["r1"], &[VOLUME, INSTANCE_TYPE]));
    store.grant_record(grant, &CAPABILITY).await.unwrap();
    let r1 = |kind| ("r1".to_owned(), kind);
    assert_eq!(visible(&authority_of(&fixture, reader).await, false), [r1(VOLUME)]);
    assert_eq!(visible(&authority_of(&fixture, reader).await, true), [r1(INSTANCE_TYPE)]);
    let admin = authority_of(&fixture, admin.principal).await;
    assert_eq!(visible(&admin, false), [r1(INSTANCE), r1(IMAGE), r1(VOLUME)]);
    assert_eq!(admin.client.name, "dashboard");
    let target = &admin.targets[0];
    assert_eq!((target.cloud_name.as_str(), target.status), ("sim", TargetStatus::Pending));
    assert!(admin.targets.is_sorted_by_key(|target| target.id));
    assert_eq!(admin.accounts().len(), 1);
    assert!(fixture.store.authority(PrincipalId::generate()).await.unwrap().is_none());
}

pub async fn account_of_another_principal_is_not_visible(fixture: TestStore) {
    let store = &fixture.store;
    let mine = one_account(store).await;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    let (two, nobody) = (client(store, "two").await, client(store, "nobody").await);
    let theirs = granted(store, two, cloud, "other").await;
    let one = authority_of(&fixture, mine.principal).await;
    assert_eq!(one.accounts(), [mine.account].into());
    assert!(one.targets.iter().all(|target| target.holder != Holder::Account(theirs.account)));
    assert_eq!(authority_of(&fixture, two).await.accounts(), [theirs.account].into());
    let nothing = authority_of(&fixture, nobody).await;
    assert!(nothing.targets.is_empty() && nothing.grants.is_empty(), "not even what is published");
}

pub async fn published_targets_are_visible_by_kind_and_region(fixture: TestStore) {
    let store = &fixture.store;
    let (sim, other) = (cloud(store, "sim").await, cloud(store, "other").await);
    let admin = client(store, "admin").await;
    for cloud in [sim, other] {
        let kinds = [INSTANCE, INSTANCE_TYPE, IMAGE];
        let grant = proven(admin, cloud, "admin", access(&["r1", "r2"], &kinds));
        store.grant_record(grant, &CAPABILITY).await.unwrap();
    }
    assert_eq!(visible(&authority_of(&fixture, admin).await, true).len(), 8);
    let reader = client(store, "reader").await;
    let mut may = access(&["r1"], &[IMAGE]);
    may.0.extend(access(&["r2"], &[INSTANCE_TYPE]).0);
    store.grant_record(proven(reader, sim, "demo", may), &CAPABILITY).await.unwrap();
    let authority = authority_of(&fixture, reader).await;
    let expected = [("r1".to_owned(), IMAGE), ("r2".to_owned(), INSTANCE_TYPE)];
    assert_eq!(visible(&authority, true), expected);
    assert!(authority.targets.iter().all(|target| target.cloud == sim));
}

pub async fn ended_grant_ends_visibility(fixture: TestStore) {
    let store = &fixture.store;
    let credential = one_account(store).await;
    let before = authority_of(&fixture, credential.principal).await;
    assert_eq!((before.grants.len(), before.targets.len(), before.position), (1, 5, 0));
    for _ in 0..2 {
        store.grant_refused(&credential).await.unwrap();
    }
    let leader = store.relay_lead(ProcessId::generate(), LATER).await.unwrap().unwrap();
    store.relay_number(leader.epoch, 10).await.unwrap();
    let after = authority_of(&fixture, credential.principal).await;
    assert_eq!((after.grants.len(), after.targets.len(), after.position), (0, 0, 2));
    assert!(after.read_at > before.read_at);
}
