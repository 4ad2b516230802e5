//! Due targets, grants and operations: those of endpoints and holders without a free slot are left out.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::error::{Error, ErrorKind};
use gateway_core::id::{AccountId, CloudId, Holder, OperationId, PrincipalId, ProcessId};
use gateway_core::kind::Verb;
use gateway_core::shares::{Breakers, CallCapacity, CallKey, CallSlot, CallSlots, Endpoint};
use gateway_store::{Claim, NewOperation, Store};
use tokio::time::Instant;
use uuid::Uuid;

use crate::fixtures::{
    CAPABILITY, GLOBAL_TARGETS, INSTANCE, LATER, OWN_TARGETS, access, client, cloud, granted, one_account,
    proven, region,
};
use crate::recording::Recording;
use crate::sql::Sql;
use crate::test_store::TestStore;

const NOTHING: Duration = Duration::ZERO;

/// Slots of a process: one endpoint gets half of them, and one holder of an endpoint half of those.
const SLOTS: usize = 1000;

/// Slots of which some are taken.
pub struct Taken {
    breakers: Arc<Breakers>,
    slots: CallSlots,
    held: Vec<CallSlot>,
}

impl Taken {
    /// Returns slots of which none is taken, with endpoints that have answered: others would have one slot.
    pub fn none(answered: &[Endpoint]) -> Self {
        let breakers = Arc::new(Breakers::default());
        for endpoint in answered {
            breakers.record::<()>(&[CallKey::Endpoint(endpoint.clone())], Instant::now(), &Ok(()));
        }
        Self { slots: CallSlots::new("test", SLOTS, Arc::clone(&breakers)), breakers, held: Vec::new() }
    }

    /// Takes slots for a holder at an endpoint.
    fn with(mut self, count: usize, endpoint: &Endpoint, holder: Holder) -> Self {
        self.held.extend((0..count).map(|_| self.slots.take(endpoint.clone(), holder)));
        self
    }

    /// Fills an endpoint.
    pub fn with_full(self, endpoint: &Endpoint) -> Self {
        self.with(SLOTS / 2, endpoint, Holder::Global)
    }

    /// Fills an account that hangs at an endpoint that answers others.
    pub fn with_hung(self, endpoint: &Endpoint, account: AccountId) -> Self {
        let path = CallKey::for_holder(endpoint.clone(), Holder::Account(account));
        let late = Err(Error::new(ErrorKind::Timeout, "late"));
        self.breakers.record::<()>(&path, Instant::now(), &late);
        self.breakers.record::<()>(&path[..1], Instant::now(), &Ok(()));
        self.with(1, endpoint, Holder::Account(account))
    }

    pub fn capacity(&self) -> CallCapacity {
        self.slots.capacity()
    }
}

fn r1(cloud: CloudId) -> Endpoint {
    Endpoint::of_region(cloud, region("r1"))
}

async fn claim(store: &Store, limit: usize, taken: &Taken) -> Vec<Claim> {
    store.targets_claim_within(ProcessId::generate(), LATER, limit, taken.capacity()).await.unwrap()
}

async fn next_due(store: &Store, taken: &Taken) -> Option<Duration> {
    store.targets_next_due(taken.capacity()).await.unwrap()
}

/// Counts the claims at an endpoint.
fn count_at(claims: &[Claim], endpoint: &Endpoint) -> i64 {
    claims.iter().filter(|claim| Endpoint::of_scope(&claim.target.scope) == *endpoint).count() as i64
}

pub async fn targets_of_full_endpoint_are_left_out(fixture: TestStore) {
    let store = &fixture.store;
    let (hung, healthy) = (cloud(store, "hung").await, cloud(store, "healthy").await);
    let principal = client(store, "dashboard").await;
    let other_region = Endpoint::of_region(hung, region("r2"));
    let none = || Taken::none(&[r1(hung), r1(healthy), other_region.clone()]);
    for number in 0..5 {
        granted(store, principal, hung, &format!("account-{number}")).await;
    }
    let both = access(&["r1", "r2"], &[INSTANCE]);
    store.grant_record(proven(principal, hung, "two regions", both), &CAPABILITY).await.unwrap();
    granted(store, principal, healthy, "demo").await;
    fixture.sql().execute("UPDATE poll_targets SET due_at = id");

    let taken = none().with_full(&r1(hung));
    let claims = claim(store, 3, &taken).await;
    assert_eq!((claims.len(), count_at(&claims, &r1(hung))), (3, 0), "behind any number of due targets");
    assert_eq!(count_at(&claims, &other_region), 1, "the longest due first");
    let claims = claim(store, 100, &taken).await;
    assert_eq!(count_at(&claims, &r1(healthy)), OWN_TARGETS + GLOBAL_TARGETS - 2);
    assert_eq!(next_due(store, &taken).await.map(|wait| wait > LATER / 2), Some(true), "all are leased");
    assert_eq!(next_due(store, &none()).await, Some(NOTHING));
    let claims = claim(store, 100, &none()).await;
    assert_eq!(count_at(&claims, &r1(hung)) as usize, claims.len(), "those that were left out are still due");
    assert_eq!(claims.len() as i64, 5 * OWN_TARGETS + GLOBAL_TARGETS + 1);
}

pub async fn targets_of_full_holder_are_left_out(fixture: TestStore) {
    let store = &fixture.store;
    let mine = one_account(store).await;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    let none = || Taken::none(&[r1(cloud)]);
    let other = granted(store, mine.principal, cloud, "other").await;
    let busy = Holder::Account(mine.account);
    let taken = none().with(SLOTS / 4, &r1(cloud), busy);
    let claims = claim(store, 100, &taken).await;
    let of = |holder| claims.iter().filter(|claim| claim.target.scope.holder == holder).count() as i64;
    assert_eq!((of(busy), of(Holder::Global)), (0, GLOBAL_TARGETS));
    assert_eq!(of(Holder::Account(other.account)), OWN_TARGETS);
    assert!(next_due(store, &taken).await > Some(LATER / 2));
    assert_eq!(claim(store, 100, &none()).await.len() as i64, OWN_TARGETS);
}

pub async fn holder_gets_no_more_than_its_slots(fixture: TestStore) {
    let store = &fixture.store;
    let mine = one_account(store).await;
    let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    let none = || Taken::none(&[r1(cloud)]);
    let (endpoint, mine) = (r1(cloud), Holder::Account(mine.account));
    // The published resources are full, and the account may take one more slot.
    let taken = none().with(300, &endpoint, Holder::Global).with(99, &endpoint, mine);
    let claims = claim(store, 100, &taken).await;
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].target.scope.holder, mine);
    let taken = taken.with(1, &endpoint, mine);
    assert!(!taken.capacity().is_free_for_all() && taken.capacity().is_free_for(&endpoint));
    assert_eq!(next_due(store, &taken).await, None, "no holder of the endpoint has a free slot");
    assert!(claim(store, 100, &taken).await.is_empty());
    assert_eq!(claim(store, 100, &none()).await.len() as i64, OWN_TARGETS + GLOBAL_TARGETS - 1);
}

pub async fn grants_of_full_identity_service_are_left_out(fixture: TestStore) {
    let store = &fixture.store;
    let (hung, healthy) = (cloud(store, "hung").await, cloud(store, "healthy").await);
    let principal = client(store, "dashboard").await;
    for number in 0..20 {
        granted(store, principal, hung, &format!("account-{number}")).await;
    }
    let (busy, free) =
        (granted(store, principal, healthy, "busy").await, granted(store, principal, healthy, "free").await);
    let hung_first = format!("CASE WHEN cloud_id = {} THEN 1 ELSE 2 END", hex(&hung.to_bytes()));
    fixture.sql().execute(&format!("UPDATE grants SET verify_at = {hung_first}"));
    let identity = Endpoint::of_identity;
    let none = || Taken::none(&[identity(hung), identity(healthy)]);
    let taken = none().with_full(&identity(hung)).with_hung(&identity(healthy), busy.account);
    let due = store.grants_due(4, taken.capacity()).await.unwrap();
    assert_eq!(due.iter().map(|due| due.credential.id).collect::<Vec<_>>(), [free.id]);
    assert!(store.grants_due(4, taken.capacity()).await.unwrap().is_empty());
    let taken = none().with_full(&identity(healthy));
    assert_eq!(store.grants_due(100, taken.capacity()).await.unwrap().len(), 20);
    let due = store.grants_due(100, none().capacity()).await.unwrap();
    assert_eq!(due.iter().map(|due| due.credential.id).collect::<Vec<_>>(), [busy.id]);
}

/// Begins an operation whose lease is over.
async fn abandoned(store: &Store, principal: PrincipalId, cloud: CloudId, account: &str) -> OperationId {
    let new = NewOperation {
        id: OperationId::generate(),
        principal,
        message: Uuid::new_v4(),
        key: None,
        digest: [7; 32],
        account: AccountId::derive(cloud, account),
        cloud,
        region: region("r1"),
        kind: INSTANCE,
        verb: Verb::Create,
        resource: None,
        sealed: "sealed command".to_owned(),
    };
    let id = new.id;
    store.operation_begin(new, ProcessId::generate(), NOTHING).await.unwrap();
    id
}

pub async fn operations_of_full_endpoints_and_accounts_are_left_out(fixture: TestStore) {
    let store = &fixture.store;
    let (hung, healthy) = (cloud(store, "hung").await, cloud(store, "healthy").await);
    let principal = client(store, "dashboard").await;
    let none = || Taken::none(&[r1(hung), r1(healthy)]);
    for number in 0..20 {
        abandoned(store, principal, hung, &format!("account-{}", number % 10)).await;
    }
    let busy = abandoned(store, principal, healthy, "busy").await;
    let free = abandoned(store, principal, healthy, "free").await;
    let due = async |taken: &Taken| {
        let (due, next) = store.operations_due(4, taken.capacity()).await.unwrap();
        assert_eq!(next, None);
        due.into_iter().map(|due| due.id).collect::<Vec<_>>()
    };
    let taken = none().with_full(&r1(hung));
    assert_eq!(due(&taken).await, [busy, free]);
    assert_eq!(due(&taken.with_hung(&r1(healthy), AccountId::derive(healthy, "busy"))).await, [free]);
    let taken = none().with_full(&r1(healthy));
    assert_eq!(due(&taken).await.len(), 4);
    assert!(!due(&taken).await.contains(&busy));
    let (later, _) = store.operation_claim(free, ProcessId::generate(), LATER).await.unwrap().unwrap();
    let (_, next) = store.operations_due(100, none().with_full(&r1(hung)).capacity()).await.unwrap();
    assert!(next.is_some_and(|next| next > LATER / 2), "{:?} is leased", later.id);
}

/// Most rows that a search reads past those that it returns.
const MOST_WALKED: i64 = 200;

pub async fn search_does_not_walk_over_work_of_a_full_endpoint(fixture: TestStore) {
    let store = &fixture.store;
    let (hung, healthy) = (cloud(store, "hung").await, cloud(store, "healthy").await);
    let principal = client(store, "dashboard").await;
    let none = || Taken::none(&[r1(hung), r1(healthy)]);
    granted(store, principal, hung, "first").await;
    granted(store, principal, healthy, "demo").await;
    let mut raw = fixture.sql();
    fill_targets(&mut raw, hung);
    raw.execute("UPDATE poll_targets SET due_at = id");
    let last = raw.number("SELECT MAX(id) + 1 AS n FROM poll_targets");
    raw.execute(&format!(
        "UPDATE poll_targets SET due_at = {last} WHERE cloud_id = {}",
        hex(&healthy.to_bytes())
    ));

    let recording = Recording::start(fixture.address());
    let another = fixture.another_process();
    let taken = none().with_full(&r1(hung));
    assert_eq!(next_due(&another, &taken).await, Some(NOTHING));
    let claims = claim(&another, 3, &taken).await;
    assert_eq!(count_at(&claims, &r1(healthy)), 3);
    let statements = crate::query_plans::statement::Statement::distinct(recording.stop());
    let of_targets = |form: &str| {
        let columns = form.split(" FROM ").next().unwrap_or_default();
        form.starts_with("SELECT") && columns.contains("`cloud_id`")
    };
    let searches: Vec<_> = statements.iter().filter(|statement| of_targets(&statement.form)).collect();
    assert!(searches.len() >= 2, "the endpoints and their targets");
    for statement in searches {
        let walked = raw.rows_read(&statement.sql);
        assert!(walked < MOST_WALKED, "{walked} rows: {}", statement.form);
    }
}

/// Adds 8,000 due targets of 2,000 accounts at one endpoint.
fn fill_targets(raw: &mut Sql, cloud: CloudId) {
    let holder = match raw {
        Sql::Mysql(_) => "UNHEX(MD5(CONCAT('a', id)))",
        Sql::Sqlite(_) => "CAST(printf('a%015d', id) AS BLOB)",
    };
    for round in 0..11 {
        raw.execute(&format!(
            "INSERT INTO poll_targets (cloud_id, region, holder, kind, lease_epoch, lease_until, due_at, wanted_at, \
             status, interval_ms, failures, agreeing) SELECT cloud_id, region, {holder}, {kind}, 0, 0, 0, 0, 'failed', \
             60000, 0, 0 FROM poll_targets WHERE cloud_id = {cloud}",
            kind = match raw {
                Sql::Mysql(_) => format!("CONCAT('instance', {round}, '-', id)"),
                Sql::Sqlite(_) => format!("'instance' || {round} || '-' || id"),
            },
            cloud = hex(&cloud.to_bytes()),
        ));
    }
    match raw {
        Sql::Mysql(_) => raw.execute("ANALYZE TABLE poll_targets, regions"),
        Sql::Sqlite(_) => raw.execute("ANALYZE"),
    }
    assert!(raw.number("SELECT COUNT(*) AS n FROM poll_targets") > 8_000);
}

fn hex(bytes: &[u8]) -> String {
    format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
