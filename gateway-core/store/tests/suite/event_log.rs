//! The log of events: filters, pages, purges.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::id::{AccountId, CloudId, Holder, PrincipalId, ProcessId, TargetId};
use gateway_store::{SealedCredential, Store};

use crate::fixtures::{CAPABILITY, INSTANCE, LATER, VOLUME, access, client, granted, one_account, proven};
use crate::sightings::{Instances, Running, present};
use crate::test_store::TestStore;

/// Numbers all events and marks them as published up to `published`; returns the last position.
async fn relay(store: &Store, published: i64) -> i64 {
    let leader = store.relay_lead(ProcessId::generate(), LATER).await.unwrap().expect("nobody leads");
    let mut last = 0;
    loop {
        let numbered = store.relay_number(leader.epoch, 500).await.unwrap();
        last = last.max(numbered.position);
        if numbered.count == 0 {
            break;
        }
    }
    store.relay_published(leader.epoch, published.min(last)).await.unwrap();
    store.relay_resign(leader.epoch).await.unwrap();
    last
}

/// A log with ten events, alternately of two accounts, and two readers.
struct Log {
    /// The reader of the first account.
    one: SealedCredential,
    /// The reader of both.
    both: PrincipalId,
    cloud: CloudId,
    /// Last position before the ten events. All events up to there were purged.
    base: i64,
}

impl Log {
    async fn of(fixture: &TestStore) -> Self {
        let store = &fixture.store;
        let one = one_account(store).await;
        let cloud = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
        let both = client(store, "both").await;
        let accounts = ["demo", "other"];
        for account in accounts {
            granted(store, both, cloud, account).await;
        }
        let base = relay(store, 100).await;
        let soon = store.now().await.unwrap().plus(LATER);
        assert_eq!(store.events_purge(soon, 100).await.unwrap(), 3, "the grants");
        for number in 0..10 {
            let account = AccountId::derive(cloud, accounts[number % 2]);
            let mut instances = Instances::new(store, 1 + number as i64 % 2);
            instances.scope.cloud = cloud;
            instances.scope.holder = Holder::Account(account);
            instances.apply(1, vec![present(&number.to_string(), Running)]).await;
        }
        Self { one, both, cloud, base }
    }

    /// Returns positions of a page, its end, whether there is a gap and whether there are more, all after the base.
    async fn page(
        &self,
        store: &Store,
        reader: PrincipalId,
        after: i64,
        limit: usize,
    ) -> (Vec<i64>, i64, bool, bool) {
        let visibility = Arc::new(store.visibility(reader).await.unwrap());
        let page = store.event_list(self.base + after, visibility, limit).await.unwrap();
        let positions = page.events.iter().map(|event| event.position.unwrap() - self.base).collect();
        (positions, page.position - self.base, page.gap, page.more)
    }
}

pub async fn follower_sees_only_the_events_of_its_holders(fixture: TestStore) {
    let store = &fixture.store;
    let log = Log::of(&fixture).await;
    let one = log.one.principal;
    assert_eq!(log.page(store, log.both, 0, 100).await, (vec![], 0, false, false), "not numbered yet");
    assert_eq!(relay(store, 0).await, log.base + 10);
    assert_eq!(log.page(store, one, 0, 100).await, (vec![1, 3, 5, 7, 9], 10, false, false));
    assert_eq!(log.page(store, log.both, 0, 100).await.0, (1..=10).collect::<Vec<_>>());
    let nobody = client(store, "nobody").await;
    assert_eq!(log.page(store, nobody, 0, 100).await, (vec![], 10, false, false));
    // Events of grants: of the reader's accounts, and of its own grant after its end.
    let third = client(store, "third").await;
    granted(store, third, log.cloud, "demo").await;
    granted(store, third, log.cloud, "third").await;
    for _ in 0..2 {
        store.grant_refused(&log.one).await.unwrap();
    }
    relay(store, 0).await;
    assert_eq!(log.page(store, log.both, 10, 100).await, (vec![11, 13], 13, false, false));
    assert_eq!(log.page(store, third, 10, 100).await, (vec![11, 12, 13], 13, false, false));
    assert_eq!(log.page(store, one, 0, 100).await, (vec![13], 13, false, false), "its own end alone");
    let page =
        store.event_list(log.base + 10, Arc::new(store.visibility(one).await.unwrap()), 9).await.unwrap();
    assert!(page.events[0].is_grant());
    assert_eq!((page.events[0].change.as_str(), page.events[0].target), ("ended", TargetId(0)));
}

/// A kind that the follower's own credential may not list stays invisible, although its holder is the follower's own.
pub async fn follower_sees_no_events_of_a_kind_that_it_may_not_list(fixture: TestStore) {
    let store = &fixture.store;
    let log = Log::of(&fixture).await;
    relay(store, 0).await;
    let blind = client(store, "blind").await;
    let grant = proven(blind, log.cloud, "demo", access(&["r1"], &[VOLUME]));
    store.grant_record(grant, &CAPABILITY).await.unwrap();
    let (seen, end, ..) = log.page(store, blind, 0, 3).await;
    assert_eq!((seen, end), (vec![], 7), "the page ends after as many invisible events");
    let elsewhere = proven(blind, log.cloud, "demo", access(&["r2"], &[INSTANCE]));
    store.grant_record(elsewhere, &CAPABILITY).await.unwrap();
    assert_eq!(log.page(store, blind, 0, 100).await.0, Vec::<i64>::new(), "the events are of another region");
}

/// The three ways of finding events (by each account, by the first event of each, along the head of the log) are equal.
pub async fn follower_of_many_accounts_sees_the_same_events(fixture: TestStore) {
    let store = &fixture.store;
    let log = Log::of(&fixture).await;
    let many = client(store, "many").await;
    for number in 0..150 {
        granted(store, many, log.cloud, &format!("account-{number}")).await;
    }
    for account in ["demo", "other"] {
        granted(store, many, log.cloud, account).await;
    }
    let end = relay(store, 0).await - log.base;
    let read_all = async |reader, limit| {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let (seen, position, gap, more) = log.page(store, reader, after, limit).await;
            assert!(!gap && position <= end);
            all.extend(seen);
            after = position;
            if !more {
                assert_eq!(after, end);
                return all;
            }
        }
    };
    let near = read_all(many, 7).await;
    assert_eq!(near.len(), 162);
    // Events of others move the head away, so that the accounts are looked at one by one.
    let foreign = Instances::new(store, 9);
    for batch in 0..3 {
        let keys = (0..200).map(|number| present(&format!("{batch}-{number}"), Running));
        foreign.apply(1, keys.collect()).await;
    }
    let head = relay(store, 0).await - log.base;
    assert_eq!(head, end + 600);
    let mut far = Vec::new();
    let mut after = 0;
    while after < head {
        let (seen, position, gap, _) = log.page(store, many, after, 7).await;
        assert!(!gap && position > after);
        far.extend(seen);
        after = position;
    }
    assert_eq!(far, near);
    let seen = log.page(store, log.both, 0, 1000).await.0;
    assert_eq!(seen, (1..=10).chain(161..=162).collect::<Vec<_>>(), "two readers share two accounts");
}

pub async fn next_page_of_the_log_starts_after_the_last_one(fixture: TestStore) {
    let store = &fixture.store;
    let log = Log::of(&fixture).await;
    relay(store, 0).await;
    let one = log.one.principal;
    assert_eq!(log.page(store, one, 0, 2).await, (vec![1, 3], 4, false, true));
    assert_eq!(log.page(store, one, 4, 2).await, (vec![5, 7], 8, false, true));
    assert_eq!(log.page(store, one, 8, 2).await, (vec![9], 10, false, false));
    assert_eq!(log.page(store, one, 10, 2).await, (vec![], 10, false, false));
}

pub async fn purge_leaves_a_reported_gap(fixture: TestStore) {
    let store = &fixture.store;
    let log = Log::of(&fixture).await;
    relay(store, log.base + 10).await;
    let one = log.one.principal;
    let soon = store.now().await.unwrap().plus(LATER);
    assert_eq!(store.events_purge(Timestamp(1), 100).await.unwrap(), 0, "nothing is that old");
    assert_eq!(store.events_purge(soon, 4).await.unwrap(), 4);
    assert_eq!(log.page(store, one, 0, 100).await, (vec![5, 7, 9], 10, true, false));
    assert_eq!(log.page(store, one, 3, 100).await, (vec![5, 7, 9], 10, true, false));
    assert_eq!(log.page(store, one, 4, 100).await, (vec![5, 7, 9], 10, false, false));
    assert_eq!(store.events_purge(soon, 100).await.unwrap(), 6);
    assert_eq!(log.page(store, one, 4, 100).await, (vec![], 10, true, false), "all of it is gone");
    assert_eq!(log.page(store, one, 10, 100).await, (vec![], 10, false, false));
}

/// Writes ten events, alternately of targets 1 and 2.
async fn ten_events(fixture: &TestStore) {
    for number in 0..10 {
        Instances::new(&fixture.store, 1 + number % 2)
            .apply(1, vec![present(&number.to_string(), Running)])
            .await;
    }
}

pub async fn unpublished_event_is_not_purged(fixture: TestStore) {
    let store = &fixture.store;
    ten_events(&fixture).await;
    let instances = Instances::new(store, 1);
    instances.apply(2, vec![instances.gone("0")]).await;
    relay(store, 3).await;
    let soon = store.now().await.unwrap().plus(LATER);
    assert_eq!(fixture.rows("tombstones"), 1);
    assert_eq!(store.events_purge(soon, 100).await.unwrap(), 3);
    assert_eq!(store.events_purge(soon, 100).await.unwrap(), 0);
    assert_eq!(fixture.rows("events"), 8);
    assert_eq!(fixture.rows("tombstones"), 1, "tombstones are removed apart from events");
    assert_eq!(store.tombstones_purge(soon, 100).await.unwrap(), 1);
    instances.apply(3, vec![present("late", Running)]).await;
    let past = store.now().await.unwrap().minus(Duration::from_secs(3600));
    relay(store, 100).await;
    assert_eq!(store.events_purge(past, 100).await.unwrap(), 0);
    assert_eq!(fixture.rows("events"), 9);
}
