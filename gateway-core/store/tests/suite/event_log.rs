//! The log of events: filters, pages, purges.

use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::id::{AccountId, ProcessId, TargetId};
use gateway_store::{EventFilter, Store};

use crate::fixtures::{LATER, one_account};
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

fn of_targets(targets: &[i64]) -> EventFilter {
    EventFilter { targets: targets.iter().copied().map(TargetId).collect(), ..EventFilter::default() }
}

async fn read_page(
    store: &Store,
    after: i64,
    filter: EventFilter,
    limit: usize,
) -> (Vec<i64>, i64, bool, bool) {
    let page = store.event_list(after, filter, limit).await.unwrap();
    let positions = page.events.iter().map(|event| event.position.unwrap()).collect();
    (positions, page.position, page.gap, page.more)
}

/// Writes ten events, alternately of targets 1 and 2.
async fn ten_events(fixture: &TestStore) {
    for number in 0..10 {
        Instances::new(&fixture.store, 1 + number % 2)
            .apply(1, vec![present(&number.to_string(), Running)])
            .await;
    }
}

pub async fn follower_sees_only_the_events_of_its_filter(fixture: TestStore) {
    let store = &fixture.store;
    let credential = one_account(store).await;
    ten_events(&fixture).await;
    assert_eq!(
        read_page(store, 0, of_targets(&[1, 2]), 100).await,
        (vec![], 0, false, false),
        "not numbered yet"
    );
    assert_eq!(relay(store, 0).await, 11);
    assert_eq!(read_page(store, 0, of_targets(&[1]), 100).await, (vec![2, 4, 6, 8, 10], 11, false, false));
    assert_eq!(read_page(store, 0, of_targets(&[]), 100).await, (vec![], 11, false, false));
    let mine = EventFilter { accounts: [credential.account].into(), ..EventFilter::default() };
    let page = store.event_list(0, mine, 100).await.unwrap();
    assert_eq!(page.events.len(), 1);
    assert!(page.events[0].is_grant());
    assert_eq!((page.events[0].change.as_str(), page.events[0].target), ("granted", TargetId(0)));
    let anothers = EventFilter { accounts: [AccountId::generate()].into(), ..EventFilter::default() };
    assert!(store.event_list(0, anothers, 100).await.unwrap().events.is_empty());
    // The pseudo-target of grants makes nothing visible.
    assert!(store.event_list(0, of_targets(&[0]), 100).await.unwrap().events.is_empty());
}

pub async fn next_page_of_the_log_starts_after_the_last_one(fixture: TestStore) {
    let store = &fixture.store;
    ten_events(&fixture).await;
    relay(store, 0).await;
    assert_eq!(read_page(store, 0, of_targets(&[1]), 2).await, (vec![1, 3], 4, false, true));
    assert_eq!(read_page(store, 4, of_targets(&[1]), 2).await, (vec![5, 7], 8, false, true));
    assert_eq!(read_page(store, 8, of_targets(&[1]), 2).await, (vec![9], 10, false, false));
    assert_eq!(read_page(store, 10, of_targets(&[1]), 2).await, (vec![], 10, false, false));
}

pub async fn purge_leaves_a_reported_gap(fixture: TestStore) {
    let store = &fixture.store;
    ten_events(&fixture).await;
    relay(store, 10).await;
    let soon = store.now().await.unwrap().plus(LATER);
    assert_eq!(store.events_purge(Timestamp(1), 100).await.unwrap(), 0, "nothing is that old");
    assert_eq!(store.events_purge(soon, 4).await.unwrap(), 4);
    assert_eq!(read_page(store, 0, of_targets(&[1]), 100).await, (vec![5, 7, 9], 10, true, false));
    assert_eq!(read_page(store, 3, of_targets(&[1]), 100).await, (vec![5, 7, 9], 10, true, false));
    assert_eq!(read_page(store, 4, of_targets(&[1]), 100).await, (vec![5, 7, 9], 10, false, false));
    assert_eq!(store.events_purge(soon, 100).await.unwrap(), 6);
    assert_eq!(
        read_page(store, 4, of_targets(&[1]), 100).await,
        (vec![], 10, true, false),
        "all of it is gone"
    );
    assert_eq!(read_page(store, 10, of_targets(&[1]), 100).await, (vec![], 10, false, false));
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
