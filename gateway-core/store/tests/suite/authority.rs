//! The authority of principals: visible targets.

use std::collections::HashSet;

use gateway_core::id::{AccountId, Holder, PrincipalId, ProcessId, TargetId};
use gateway_core::kind::Kind;
use gateway_store::{Identity, TargetState, TargetStatus, Visibility};

use crate::fixtures::{
    CAPABILITY, IMAGE, INSTANCE, INSTANCE_TYPE, LATER, VOLUME, access, client, cloud, granted, one_account,
    proven,
};
use crate::test_store::TestStore;

/// The identity of a principal, and what it may see.
struct Authority {
    identity: Identity,
    visibility: Visibility,
    /// The visible targets, by id.
    targets: Vec<TargetState>,
}

impl Authority {
    fn accounts(&self) -> HashSet<AccountId> {
        self.visibility.account_ids().iter().copied().collect()
    }
}

async fn authority_of(fixture: &TestStore, principal: PrincipalId) -> Authority {
    let store = &fixture.store;
    let identity = store.identity(principal).await.unwrap().unwrap();
    let visibility = store.visibility(principal).await.unwrap();
    // All targets of all holders, so that the visibility alone decides.
    let holders = fixture.sql().numbers("SELECT id AS n FROM poll_targets ORDER BY id");
    let mut targets = store.target_states(holders.into_iter().map(TargetId).collect()).await.unwrap();
    targets.retain(|target| visibility.shows(target.cloud, target.holder, &target.region, target.kind));
    targets.sort_unstable_by_key(|target| target.id);
    Authority { identity, visibility, targets }
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
    assert_eq!(admin.identity.client.name, "dashboard");
    let target = &admin.targets[0];
    let name = &admin.visibility.cloud(target.cloud).unwrap().name;
    assert_eq!((name.as_str(), target.status), ("sim", TargetStatus::Pending));
    assert!(admin.targets.is_sorted_by_key(|target| target.id));
    assert_eq!(admin.accounts().len(), 1);
    assert!(fixture.store.identity(PrincipalId::generate()).await.unwrap().is_none());
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
    assert!(
        nothing.targets.is_empty() && nothing.visibility.accounts().is_empty(),
        "not even what is published"
    );
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
    assert_eq!(
        (before.visibility.accounts().len(), before.targets.len(), before.identity.position),
        (1, 5, 0)
    );
    for _ in 0..2 {
        store.grant_refused(&credential).await.unwrap();
    }
    let leader = store.relay_lead(ProcessId::generate(), LATER).await.unwrap().unwrap();
    store.relay_number(leader.epoch, 10).await.unwrap();
    let after = authority_of(&fixture, credential.principal).await;
    assert_eq!((after.visibility.accounts().len(), after.targets.len(), after.identity.position), (0, 0, 2));
    assert!(after.identity.read_at > before.identity.read_at);
}

/// Every change of what a principal may see is shown by its generation, and nothing else is: a cache of grants asks for
/// nothing more.
pub async fn generation_rises_with_every_change_of_visibility(fixture: TestStore) {
    let store = &fixture.store;
    let credential = one_account(store).await;
    let (principal, cloud) =
        (credential.principal, store.cloud_by_name("sim").await.unwrap().unwrap().spec.id);
    let other = client(store, "other").await;
    let generation = async |of| store.identity(of).await.unwrap().unwrap().generation;
    let first = generation(principal).await;
    assert_eq!(store.visibility(principal).await.unwrap().generation, first);
    granted(store, other, cloud, "demo").await;
    store.grant_verified(&credential, LATER).await.unwrap();
    store.grant_refused(&credential).await.unwrap();
    let same = proven(principal, cloud, "demo", crate::fixtures::all());
    let credential = same.credential.clone();
    store.grant_record(same, &CAPABILITY).await.unwrap();
    assert_eq!(generation(principal).await, first, "neither verification nor the grants of others count");
    let narrow = proven(principal, cloud, "demo", access(&["r1"], &[VOLUME]));
    let narrow = gateway_store::Grant { credential: credential.clone(), ..narrow };
    assert!(store.grant_renew(narrow, &CAPABILITY).await.unwrap());
    let second = generation(principal).await;
    assert!(second > first);
    granted(store, principal, cloud, "more").await;
    let third = generation(principal).await;
    assert!(third > second);
    for _ in 0..2 {
        store.grant_refused(&credential).await.unwrap();
    }
    assert!(generation(principal).await > third);
    assert_eq!(store.visibility(principal).await.unwrap().accounts().len(), 1);
}

pub async fn changes_of_targets_are_listed_by_their_time(fixture: TestStore) {
    let store = &fixture.store;
    one_account(store).await;
    let before = store.now().await.unwrap().minus(LATER);
    let (now, all) = store.target_changes(before).await.unwrap();
    assert_eq!(all.len(), 5, "new targets are changes");
    assert!(all.iter().all(|change| change.changed_at <= now));
    let claims = store.targets_claim(ProcessId::generate(), LATER, 30).await.unwrap();
    let since = store.now().await.unwrap();
    assert!(store.target_changes(since).await.unwrap().1.is_empty(), "a lease is no change");
    let outcome = gateway_store::PollOutcome {
        status: TargetStatus::Failed,
        reason: Some("down".to_owned()),
        listed: None,
        failures: 1,
        agreeing: 0,
        next: LATER,
    };
    store.target_finish(claims[0].fence, outcome).await.unwrap();
    let changed = store.target_changes(since).await.unwrap().1;
    assert_eq!(changed.iter().map(|change| change.id).collect::<Vec<_>>(), [claims[0].target.id]);
    let state = store.target_states(vec![changed[0].id]).await.unwrap().remove(0);
    assert_eq!((state.status, state.changed_at), (TargetStatus::Failed, changed[0].changed_at));
}
