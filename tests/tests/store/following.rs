//! Following the log: filters, pages, and what a purge does to it.

use std::time::Duration;

use gateway_core::Timestamp;
use gateway_core::id::{AccountId, ProcessId, TargetId};
use gateway_store::{EventFilter, Store};

use crate::given::{LATER, one_account};
use crate::seen::{Running, Shelf, there};
use crate::stage::Stage;

/// Numbers all events, and publishes them up to `published`.
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

async fn follow(store: &Store, after: i64, filter: EventFilter, limit: usize) -> (Vec<i64>, i64, bool, bool) {
    let page = store.event_list(after, filter, limit).await.unwrap();
    let positions = page.events.iter().map(|event| event.position.unwrap()).collect();
    (positions, page.position, page.gap, page.more)
}

/// Ten records, alternately of target 1 and 2: ten events.
async fn ten_events(stage: &Stage) {
    for number in 0..10 {
        Shelf::new(&stage.store, 1 + number % 2).apply(1, vec![there(&number.to_string(), Running)]).await;
    }
}

pub async fn a_follower_sees_what_its_filter_lets_through(stage: Stage) {
    let store = &stage.store;
    let credential = one_account(store).await;
    ten_events(&stage).await;
    assert_eq!(
        follow(store, 0, of_targets(&[1, 2]), 100).await,
        (vec![], 0, false, false),
        "not numbered yet"
    );
    assert_eq!(relay(store, 0).await, 11);
    assert_eq!(follow(store, 0, of_targets(&[1]), 100).await, (vec![2, 4, 6, 8, 10], 11, false, false));
    assert_eq!(follow(store, 0, of_targets(&[]), 100).await, (vec![], 11, false, false));
    let mine = EventFilter { accounts: [credential.account].into(), ..EventFilter::default() };
    let page = store.event_list(0, mine, 100).await.unwrap();
    assert_eq!(page.events.len(), 1);
    assert!(page.events[0].is_grant());
    assert_eq!((page.events[0].change.as_str(), page.events[0].target), ("granted", TargetId(0)));
    let anothers = EventFilter { accounts: [AccountId::generate()].into(), ..EventFilter::default() };
    assert!(store.event_list(0, anothers, 100).await.unwrap().events.is_empty());
    // The pseudo-target of grants opens nothing.
    assert!(store.event_list(0, of_targets(&[0]), 100).await.unwrap().events.is_empty());
}

pub async fn pages_go_on_where_the_last_ended(stage: Stage) {
    let store = &stage.store;
    ten_events(&stage).await;
    relay(store, 0).await;
    assert_eq!(follow(store, 0, of_targets(&[1]), 2).await, (vec![1, 3], 4, false, true));
    assert_eq!(follow(store, 4, of_targets(&[1]), 2).await, (vec![5, 7], 8, false, true));
    assert_eq!(follow(store, 8, of_targets(&[1]), 2).await, (vec![9], 10, false, false));
    assert_eq!(follow(store, 10, of_targets(&[1]), 2).await, (vec![], 10, false, false));
}

pub async fn a_purge_leaves_a_gap_that_is_told(stage: Stage) {
    let store = &stage.store;
    ten_events(&stage).await;
    relay(store, 10).await;
    let soon = store.now().await.unwrap().plus(LATER);
    assert_eq!(store.events_purge(Timestamp(1), 100).await.unwrap(), 0, "nothing is that old");
    assert_eq!(store.events_purge(soon, 4).await.unwrap(), 4);
    assert_eq!(follow(store, 0, of_targets(&[1]), 100).await, (vec![5, 7, 9], 10, true, false));
    assert_eq!(follow(store, 3, of_targets(&[1]), 100).await, (vec![5, 7, 9], 10, true, false));
    assert_eq!(follow(store, 4, of_targets(&[1]), 100).await, (vec![5, 7, 9], 10, false, false));
    assert_eq!(store.events_purge(soon, 100).await.unwrap(), 6);
    assert_eq!(follow(store, 4, of_targets(&[1]), 100).await, (vec![], 10, true, false), "all of it is gone");
    assert_eq!(follow(store, 10, of_targets(&[1]), 100).await, (vec![], 10, false, false));
}

pub async fn what_is_not_published_is_not_purged(stage: Stage) {
    let store = &stage.store;
    ten_events(&stage).await;
    let shelf = Shelf::new(store, 1);
    shelf.apply(2, vec![shelf.gone("0")]).await;
    relay(store, 3).await;
    let soon = store.now().await.unwrap().plus(LATER);
    assert_eq!(stage.rows("tombstones"), 1);
    assert_eq!(store.events_purge(soon, 100).await.unwrap(), 3);
    assert_eq!(store.events_purge(soon, 100).await.unwrap(), 0);
    assert_eq!(stage.rows("events"), 8);
    assert_eq!(stage.rows("tombstones"), 0, "old versions of what is gone go too");
    shelf.apply(3, vec![there("late", Running)]).await;
    let past = store.now().await.unwrap().minus(Duration::from_secs(3600));
    relay(store, 100).await;
    assert_eq!(store.events_purge(past, 100).await.unwrap(), 0);
    assert_eq!(stage.rows("events"), 9);
}
