//! The operation journal: begin, leases, settlement; and the audit.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::id::{AccountId, OperationId, PrincipalId, ProcessId};
use gateway_core::kind::Verb;
use gateway_core::shares::{CallCapacity, Endpoint};
use gateway_core::{ErrorKind, Timestamp};
use gateway_store::{
    AuditFilter, DueOperation, NewOperation, OperationLease, OperationOutcome as Outcome, OperationStart,
    OperationState, Settlement, Store,
};
use uuid::Uuid;

use crate::fixtures::{INSTANCE, LATER, client, cloud, granted, region};
use crate::test_store::TestStore;

async fn new(store: &Store, principal: PrincipalId, key: Option<&str>) -> NewOperation {
    let cloud = match store.cloud_list().await.unwrap().first() {
        Some(known) => known.spec.id,
        None => cloud(store, "sim").await,
    };
    NewOperation {
        id: OperationId::generate(),
        principal,
        message: Uuid::new_v4(),
        key: key.map(str::to_owned),
        digest: [7; 32],
        account: AccountId::derive(cloud, "a1"),
        cloud,
        region: region("r1"),
        kind: INSTANCE,
        verb: Verb::Create,
        resource: None,
        sealed: "sealed command".to_owned(),
    }
}

fn held(begun: OperationStart) -> OperationLease {
    match begun {
        OperationStart::New(held) => held,
        OperationStart::Existing(known) => panic!("{known:?} was known"),
    }
}

async fn begin(store: &Store, new: NewOperation, lease: Duration) -> OperationStart {
    store.operation_begin(new, ProcessId::generate(), lease).await.unwrap()
}

fn outcome(state: OperationState) -> Outcome {
    Outcome { state, status: 201, answer: "{}".to_owned(), completed: Vec::new(), cloud_words: None }
}

pub async fn concurrent_requests_with_one_key_begin_one_operation(fixture: TestStore) {
    let principal = client(&fixture.store, "dashboard").await;
    new(&fixture.store, principal, None).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = fixture.another_process();
        tasks.spawn(async move {
            let new = new(&store, principal, Some("key")).await;
            matches!(begin(&store, new, LATER).await, OperationStart::New(_))
        });
    }
    let begun = tasks.join_all().await;
    assert_eq!(begun.iter().filter(|is_new| **is_new).count(), 1);
    assert_eq!((fixture.rows("operations"), fixture.rows("audit")), (1, 1));
    let other = client(&fixture.store, "other").await;
    let new = new(&fixture.store, other, Some("key")).await;
    held(begin(&fixture.store, new, LATER).await);
}

pub async fn repeated_request_finds_its_operation(fixture: TestStore) {
    let store = &fixture.store;
    let principal = client(store, "dashboard").await;
    let first = new(store, principal, None).await;
    held(begin(store, first.clone(), LATER).await);
    let again = NewOperation { id: OperationId::generate(), ..first.clone() };
    match begin(store, again, LATER).await {
        OperationStart::Existing(known) => {
            assert_eq!((known.id, known.sealed.as_str()), (first.id, "sealed command"))
        }
        OperationStart::New(_) => panic!("the same message began twice"),
    }
    let known = store.operation_find(principal, first.message, None).await.unwrap().unwrap();
    assert_eq!((known.id, known.verb, known.kind), (first.id, Verb::Create, INSTANCE));
    assert!(store.operation_find(principal, Uuid::new_v4(), Some("no".into())).await.unwrap().is_none());
}

pub async fn operation_is_claimed_by_one_process(fixture: TestStore) {
    let store = &fixture.store;
    let principal = client(store, "dashboard").await;
    let one = new(store, principal, None).await;
    let first = held(begin(store, one.clone(), Duration::ZERO).await);
    let take = |store: Store| async move {
        store.operation_claim(one.id, ProcessId::generate(), LATER).await.unwrap().map(|(_, held)| held)
    };
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        tasks.spawn(take(fixture.another_process()));
    }
    let taken: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1);
    // A holder that was overtaken writes nothing.
    let lost = |result: gateway_core::Result<()>| result.unwrap_err().kind() == ErrorKind::LeaseLost;
    assert!(lost(store.operation_call_started(first, LATER).await));
    assert!(lost(store.operation_renew(first, LATER).await));
    assert!(lost(store.operation_record_steps(first, Vec::new()).await));
    let done = outcome(OperationState::Succeeded);
    assert!(lost(store.operation_settle(first, done.clone(), Settlement::Final).await));
    store.operation_call_started(taken[0], LATER).await.unwrap();
    let now = store.operation_get(one.id).await.unwrap().unwrap();
    assert_eq!((now.state, now.attempts), (OperationState::Running, 1));
    assert!(now.sent_at.is_some());
    store.operation_settle(taken[0], done.clone(), Settlement::Final).await.unwrap();
    assert!(lost(store.operation_settle(taken[0], done, Settlement::Final).await), "it is over");
    let over = store.operation_get(one.id).await.unwrap().unwrap();
    assert!(over.is_over() && over.sealed.is_empty(), "the command is removed with the settlement");
    assert_eq!(take(store.clone()).await, None);
}

pub async fn processes_of_an_account_are_counted_while_they_work_and_shortly_after(fixture: TestStore) {
    let store = &fixture.store;
    let principal = client(store, "dashboard").await;
    let one = new(store, principal, None).await;
    let (account, cloud) = (one.account, one.cloud);
    let used = async || store.operations_budget(account).await.unwrap();
    assert_eq!((used().await.processes, used().await.pause), (0, Duration::ZERO));
    let first = held(begin(store, one.clone(), LATER).await);
    held(begin(store, new(store, principal, None).await, LATER).await);
    let other = NewOperation { account: AccountId::derive(cloud, "a2"), ..new(store, principal, None).await };
    held(begin(store, other, LATER).await);
    held(begin(store, new(store, principal, None).await, Duration::ZERO).await);
    assert_eq!(used().await.processes, 2, "neither another account's nor one whose lease has ended");
    store.operation_settle(first, outcome(OperationState::Succeeded), Settlement::Final).await.unwrap();
    assert_eq!(used().await.processes, 2, "it has just settled one");
    fixture
        .sql()
        .execute("UPDATE operations SET finished_at = finished_at - 11000000 WHERE finished_at IS NOT NULL");
    assert_eq!(used().await.processes, 1);
}

pub async fn renewal_of_a_returned_lease_changes_nothing(fixture: TestStore) {
    let store = &fixture.store;
    let principal = client(store, "dashboard").await;
    let one = new(store, principal, None).await;
    let first = held(begin(store, one.clone(), LATER).await);
    let unknown = outcome(OperationState::Unknown);
    store.operation_settle(first, unknown, Settlement::RetryIn(Duration::ZERO)).await.unwrap();
    store.operation_renew(first, LATER).await.unwrap();
    let (_, second) =
        store.operation_claim(one.id, ProcessId::generate(), LATER).await.unwrap().expect("it is due");
    assert_eq!(store.operation_renew(first, LATER).await.unwrap_err().kind(), ErrorKind::LeaseLost);
    store.operation_settle(second, outcome(OperationState::Succeeded), Settlement::Final).await.unwrap();
    store.operation_renew(second, LATER).await.expect("the lease was held until the settlement");
}

pub async fn call_of_a_dead_process_counts_until_its_lease_ended(fixture: TestStore) {
    let store = &fixture.store;
    let principal = client(store, "dashboard").await;
    let one = new(store, principal, None).await;
    let first = held(begin(store, one.clone(), LATER).await);
    let lease = Duration::from_millis(300);
    store.operation_call_started(first, lease).await.unwrap();
    let sent = store.operation_get(one.id).await.unwrap().unwrap().sent_at.unwrap();
    let (operation, second) = loop {
        match store.operation_claim(one.id, ProcessId::generate(), LATER).await.unwrap() {
            Some(taken) => break taken,
            None => tokio::time::sleep(lease / 10).await,
        }
    };
    assert!(operation.sent_at.unwrap().since(sent) >= lease, "{:?}", operation.sent_at);
    let page_query = store.operation_call_ended(second).await.unwrap();
    assert_eq!(store.operation_get(one.id).await.unwrap().unwrap().sent_at, Some(page_query));
    assert!(store.operation_call_ended(first).await.is_err());
}

pub async fn unknown_operation_is_due_again(fixture: TestStore) {
    let store = &fixture.store;
    let principal = client(store, "dashboard").await;
    let one = new(store, principal, None).await;
    let first = held(begin(store, one.clone(), LATER).await);
    assert_eq!(store.operations_due(10, CallCapacity::unlimited()).await.unwrap().0, []);
    let unknown = outcome(OperationState::Unknown);
    store.operation_settle(first, unknown.clone(), Settlement::RetryIn(Duration::ZERO)).await.unwrap();
    let endpoint = Endpoint::of_region(one.cloud, one.region.clone());
    let due = DueOperation { id: one.id, endpoint, account: one.account };
    assert_eq!(store.operations_due(10, CallCapacity::unlimited()).await.unwrap().0, [due]);
    let (operation, second) =
        store.operation_claim(one.id, ProcessId::generate(), LATER).await.unwrap().unwrap();
    assert_eq!((operation.state, operation.sealed.as_str()), (OperationState::Unknown, "sealed command"));
    store.operation_settle(second, unknown, Settlement::RetryIn(LATER)).await.unwrap();
    let (due, next) = store.operations_due(10, CallCapacity::unlimited()).await.unwrap();
    assert!(due.is_empty() && next.is_some_and(|next| next > LATER / 2));
    // An attempt without news adds no line.
    let lines = store.audit_list(AuditFilter { limit: 10, ..AuditFilter::default() }).await.unwrap();
    let outcomes: Vec<_> = lines.iter().map(|line| line.outcome.as_str()).collect();
    assert_eq!(outcomes, ["accepted", "unknown"]);
}

pub async fn purge_removes_operations_and_keeps_the_audit(fixture: TestStore) {
    let store = &fixture.store;
    let principal = client(store, "dashboard").await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let new = new(store, principal, Some(&format!("key-{number}"))).await;
        ids.push(new.id);
        let held = held(begin(store, new, LATER).await);
        if number < 2 {
            store.operation_settle(held, outcome(OperationState::Failed), Settlement::Final).await.unwrap();
        }
    }
    let page = store.operation_list(principal, None, None, 2).await.unwrap();
    assert_eq!(page.iter().map(|one| one.id).collect::<Vec<_>>(), [ids[2], ids[1]], "the newest first");
    let rest = store.operation_list(principal, None, Some(ids[1]), 2).await.unwrap();
    assert_eq!(rest.iter().map(|one| one.id).collect::<Vec<_>>(), [ids[0]]);
    let failed = store.operation_list(principal, Some(OperationState::Failed), None, 9).await.unwrap();
    assert_eq!(failed.len(), 2);
    assert_eq!(store.operations_purge(Timestamp(0), 10).await.unwrap(), 0);
    let later = store.now().await.unwrap().plus(Duration::from_secs(1));
    assert_eq!(store.operations_purge(later, 10).await.unwrap(), 2, "one is not over");
    let account = page[0].account;
    granted(store, principal, page[0].cloud, "a1").await;
    let reader = async |principal| Some(Arc::new(store.visibility(principal).await.unwrap()));
    let own = AuditFilter { reader: reader(principal).await, after: 0, limit: 10 };
    assert_eq!(own.reader.as_ref().unwrap().account_ids(), [account]);
    let lines = store.audit_list(own.clone()).await.unwrap();
    assert_eq!(lines.len(), 5);
    assert_eq!(
        (lines[0].principal_name.as_str(), lines[0].cloud_name.as_deref()),
        ("dashboard", Some("sim"))
    );
    let after = AuditFilter { after: lines[3].seq, ..own };
    assert_eq!(store.audit_list(after).await.unwrap(), lines[4..]);
    let other = client(store, "other").await;
    granted(store, other, page[0].cloud, "other").await;
    let others = AuditFilter { reader: reader(other).await, limit: 10, ..AuditFilter::default() };
    let none = store.audit_list(others).await.unwrap();
    assert!(none.is_empty(), "another account has other lines");
}
