//! Calls of the store that a busy gateway makes often.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::document::terms::Term;
use gateway_core::id::{AccountId, CredentialId, Holder, OperationId, ProcessId, Scope, TokenId};
use gateway_core::kind::Verb;
use gateway_core::shares::{CallCapacity, Endpoint};
use gateway_store::{
    AuditFilter, Cursor, NewOperation, Observation, OperationOutcome, OperationState, PollOutcome,
    ResourceFilter, ResourceQuery, Settlement, Sighting, SortKey, SortOrder, SortValue, Store, TargetStatus,
    WriteGuard,
};

use super::fleet::{COMMON, CROWD, Fleet, RARE};
use crate::due_by_endpoint::Taken;
use crate::fixtures::{INSTANCE, LATER, granted};
use crate::sightings::{Running, Stopped, present};

pub async fn make(store: &Store, fleet: &Fleet) {
    reads(store, fleet).await;
    polls(store, fleet).await;
    relays(store).await;
    operations(store, fleet).await;
    grants(store, fleet).await;
}

async fn reads(store: &Store, fleet: &Fleet) {
    for raw in [false, true] {
        assert_eq!(store.resource_get(fleet.one, raw).await.unwrap().len(), 1);
    }
    lists(store, fleet).await;
    let principal = fleet.credential.principal;
    assert_eq!(store.resource_targets(fleet.one, 20).await.unwrap().unwrap().len(), 1);
    for targets in [vec![fleet.targets[0]], fleet.targets.clone(), fleet.many.clone()] {
        for raw in [true, false] {
            let found = store.resource_find(fleet.one, targets.clone(), raw).await.unwrap();
            assert_eq!(found.is_some(), targets.contains(&fleet.targets[0]));
        }
    }
    assert_eq!(store.resources_get(fleet.targets.clone(), vec![fleet.one]).await.unwrap().len(), 1);
    let identity = store.identity(principal).await.unwrap().unwrap();
    let visibility = store.visibility(principal).await.unwrap();
    let own = visibility.accounts().iter().map(|account| (account.cloud, Holder::Account(account.id)));
    let published = visibility.clouds().map(|(cloud, _)| (cloud, Holder::Global));
    assert!(!store.target_states_of(own.chain(published).collect()).await.unwrap().is_empty());
    assert_eq!(store.target_states(fleet.targets.clone()).await.unwrap().len(), 4);
    store.target_changes(identity.read_at).await.unwrap();
    store.cloud_by_name("sim").await.unwrap().unwrap();
    store.region_list(fleet.cloud).await.unwrap();
    let crowd = store.visibility(fleet.crowd).await.unwrap();
    assert_eq!(crowd.accounts().len(), CROWD);
    for reader in [Arc::new(visibility), Arc::new(crowd)] {
        for after in [0, 1_000, 199_990] {
            store.event_list(after, Arc::clone(&reader), 100).await.unwrap();
        }
    }
}

async fn lists(store: &Store, fleet: &Fleet) {
    let place = |value| Some(Cursor { target: fleet.targets[0], id: fleet.one, value });
    let by = |key, descending| SortOrder::By { key, descending };
    // A name that the search finds too: for any other name the database would look for nothing.
    let named = Some(SortValue::Text("name-1".to_owned()));
    let orders = [
        (SortOrder::Id, None),
        (by(SortKey::Name, false), named.clone()),
        (by(SortKey::Name, true), named),
        (by(SortKey::CreatedAt, true), Some(SortValue::Number(700))),
        (by(SortKey::ChangedAt, false), Some(SortValue::Number(700))),
    ];
    for (order, value) in orders {
        for after in [None, place(value)] {
            for filter in filters(order) {
                let all: Vec<_> = fleet.targets.iter().chain(&fleet.many).copied().collect();
                for targets in [fleet.targets.clone(), all] {
                    let (filter, after) = (filter.clone(), after.clone());
                    let query = ResourceQuery { targets, filter, order, after, limit: 50, raw: false };
                    store.resource_list(query).await.unwrap();
                }
            }
        }
    }
}

/// Returns the filters whose listing costs one page. A term together with a sort key sorts all that it finds, and is left
/// out.
fn filters(order: SortOrder) -> Vec<ResourceFilter> {
    let mut filters = vec![ResourceFilter::default()];
    let with = |terms: &[Term]| ResourceFilter { terms: terms.to_vec(), ..ResourceFilter::default() };
    if order == SortOrder::Id {
        for state in [None, Some("stopped".to_owned())] {
            for name in [None, Some("name-7".to_owned())] {
                filters.push(ResourceFilter { state: state.clone(), name, ..ResourceFilter::default() });
            }
        }
        filters.extend([with(&[RARE]), with(&[COMMON, RARE])]);
    }
    if matches!(order, SortOrder::By { key: SortKey::Name, .. }) {
        let name_contains = Some("e-1".to_owned());
        filters.push(ResourceFilter { name_contains, ..ResourceFilter::default() });
    }
    filters
}

async fn polls(store: &Store, fleet: &Fleet) {
    for capacity in [CallCapacity::unlimited(), partly_full(fleet)] {
        store.targets_next_due(capacity).await.unwrap();
    }
    let claims = store.targets_claim(ProcessId::generate(), LATER, 30).await.unwrap();
    let claim = claims.iter().find(|claim| claim.target.id == fleet.targets[0]).unwrap();
    for after in [None, Some(fleet.one)] {
        assert_eq!(store.known_records(claim.target.id, after, 1000).await.unwrap().len(), 1000);
    }
    let known = store.known_records(claim.target.id, Some(fleet.one), 200).await.unwrap();
    let gone = known.iter().take(3).map(|known| Sighting::Gone(known.id));
    let seen = (0..200).map(|number| present(&format!("new-{number}"), Running)).chain(gone).collect();
    let scope = Scope { region: crate::fixtures::region("r1"), ..claim.target.scope.clone() };
    let observe = |at: i64, sightings: Vec<Sighting>| Observation {
        target: claim.target.id,
        scope: scope.clone(),
        kind: INSTANCE,
        as_of: Timestamp(at),
        sightings,
    };
    let guard = WriteGuard::Lease(claim.fence);
    store.apply(guard, observe(2, seen)).await.unwrap();
    let news = vec![present("new-1", Stopped), Sighting::Gone(id_of(&scope, "new-2"))];
    assert_eq!(store.apply(guard, observe(3, news)).await.unwrap().written(), 2);
    assert_eq!(store.apply(guard, observe(4, vec![present("new-2", Running)])).await.unwrap().created, 1);
    store.missing_list(claim.target.id).await.unwrap();
    store.request_refresh(fleet.targets.clone(), Timestamp(i64::MAX / 8)).await.unwrap();
    assert_eq!(store.refresh_progress(fleet.targets.clone()).await.unwrap().1.len(), 4);
    let few = known.iter().take(5).map(|known| known.id);
    store.native_keys(claim.target.id, few.clone().collect()).await.unwrap();
    store.missing_set(claim.fence, few.collect()).await.unwrap();
    store.target_renew(claim.fence, LATER).await.unwrap();
    store.account_pause(fleet.credential.account, Timestamp(5)).await.unwrap();
    let outcome = |listed| PollOutcome {
        status: TargetStatus::Fresh,
        reason: None,
        listed,
        failures: 0,
        agreeing: 0,
        next: Duration::ZERO,
    };
    store.target_finish(claim.fence, outcome(None)).await.unwrap();
    let listed = Some((Timestamp(9), claim.credential.id));
    store.target_finish(claim.fence, outcome(listed)).await.unwrap();
    store.target_release(claim.fence).await.unwrap();
    // The elected credential again, and one whose grant has ended.
    assert_eq!(store.targets_claim(ProcessId::generate(), LATER, 30).await.unwrap().len(), 1);
}

/// Returns a capacity without a free slot for one endpoint, and for an account at others.
fn partly_full(fleet: &Fleet) -> CallCapacity {
    let region = |name| Endpoint::of_region(fleet.cloud, crate::fixtures::region(name));
    let account = AccountId::derive(fleet.cloud, "another");
    let identity = Endpoint::of_identity(fleet.cloud);
    let taken = Taken::none(&[region("r2")]).with_hung(&region("r1"), account).with_hung(&identity, account);
    let capacity = taken.with_full(&region("r2")).capacity();
    let full = capacity.full_holders();
    assert!(full.at(&region("r1")).next().is_some() && full.at(&identity).next().is_some());
    assert!(!capacity.is_free_for(&region("r2")));
    capacity
}

async fn operations(store: &Store, fleet: &Fleet) {
    let principal = fleet.credential.principal;
    assert!(
        store.operation_find(principal, uuid::Uuid::new_v4(), Some("key-0".into())).await.unwrap().is_some()
    );
    assert_eq!(store.operations_of_keys(principal, "key-10".into(), 3).await.unwrap().len(), 3);
    let page = store.operation_list(principal, None, None, 50).await.unwrap();
    assert_eq!(page.len(), 50);
    for state in [None, Some(OperationState::Failed)] {
        assert_eq!(store.operation_list(principal, state, Some(page[9].id), 50).await.unwrap().len(), 50);
    }
    let account = fleet.credential.account;
    let reader = async |principal| Some(Arc::new(store.visibility(principal).await.unwrap()));
    for reader in [None, reader(principal).await, reader(fleet.crowd).await] {
        assert_eq!(store.audit_list(AuditFilter { reader, after: 100, limit: 50 }).await.unwrap().len(), 50);
    }
    let new = NewOperation {
        id: OperationId::generate(),
        principal,
        message: uuid::Uuid::new_v4(),
        key: Some("new".to_owned()),
        digest: [0; 32],
        account,
        cloud: fleet.cloud,
        region: crate::fixtures::region("r1"),
        kind: INSTANCE,
        verb: Verb::Create,
        resource: None,
        sealed: "sealed".to_owned(),
    };
    let id = new.id;
    store.operation_begin(new, ProcessId::generate(), Duration::ZERO).await.unwrap();
    for capacity in [CallCapacity::unlimited(), partly_full(fleet)] {
        assert_eq!(store.operations_due(10, capacity).await.unwrap().0[0].id, id);
    }
    let (_, held) = store.operation_claim(id, ProcessId::generate(), LATER).await.unwrap().unwrap();
    store.operation_renew(held, LATER).await.unwrap();
    store.budget_use(account, ProcessId::generate(), Duration::ZERO).await.unwrap();
    assert_eq!(store.operations_budget(account).await.unwrap().processes, 1);
    store.operation_call_started(held, LATER).await.unwrap();
    store.operation_call_ended(held).await.unwrap();
    store.operation_record_steps(held, Vec::new()).await.unwrap();
    let outcome = OperationOutcome {
        state: OperationState::Succeeded,
        status: 201,
        answer: "{}".to_owned(),
        completed: Vec::new(),
        cloud_words: None,
    };
    store.operation_settle(held, outcome, Settlement::Final).await.unwrap();
    assert!(store.operation_get(id).await.unwrap().unwrap().is_over());
    assert_eq!(store.operations_purge(Timestamp(500), 100).await.unwrap(), 100);
}

fn id_of(scope: &Scope, key: &str) -> gateway_core::id::ResourceId {
    gateway_core::id::ResourceId::derive(scope.cloud, &scope.region, INSTANCE, key)
}

async fn relays(store: &Store) {
    assert!(store.relay_has_work().await.unwrap());
    let leader = store.relay_lead(ProcessId::generate(), LATER).await.unwrap().unwrap();
    let numbered = store.relay_number(leader.epoch, 100).await.unwrap();
    assert_eq!((numbered.count, numbered.position), (100, 200_100));
    assert_eq!(store.relay_batch(199_000, 100).await.unwrap().len(), 100);
    store.relay_published(leader.epoch, 199_500).await.unwrap();
    assert_eq!(store.events_purge(Timestamp(1000), 200).await.unwrap(), 200);
    assert_eq!(store.tombstones_purge(Timestamp(10_000), 200).await.unwrap(), 200);
    store.relay_resign(leader.epoch).await.unwrap();
}

async fn grants(store: &Store, fleet: &Fleet) {
    let credential = &fleet.credential;
    let (principal, account) = (credential.principal, credential.account);
    store.client_get(principal).await.unwrap().unwrap();
    store.credential_of(principal, account).await.unwrap().unwrap();
    store.credential_page(Some(CredentialId::generate()), 100).await.unwrap();
    assert!(store.credential_reseal(credential.id, "sealed", "sealed").await.unwrap());
    store.grant_postponed(credential, LATER).await.unwrap();
    store.grant_suspect(credential.id).await.unwrap();
    let due = store.grants_due(20, partly_full(fleet)).await.unwrap().len();
    assert_eq!(due + store.grants_due(20, CallCapacity::unlimited()).await.unwrap().len(), 1);
    store.grant_verified(credential, LATER).await.unwrap();
    store.grant_refused(credential).await.unwrap();
    granted(store, principal, fleet.cloud, "demo").await;
    let token = TokenId::generate();
    for _ in 0..2 {
        store.token_revoke(token, principal, Timestamp(1)).await.unwrap();
    }
    store.tokens_revoke_all(principal).await.unwrap();
    assert_eq!(store.revocations_purge().await.unwrap(), 1);
}
