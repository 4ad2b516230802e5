//! The relay: leadership, and the numbering of the outbox.

use std::collections::HashMap;
use std::time::Duration;

use gateway_core::error::ErrorKind;
use gateway_core::id::ProcessId;
use gateway_store::{Leadership, Numbered, Store, StoredEvent};
use tokio::task::JoinSet;

use crate::fixtures::LATER;
use crate::sightings::{Instances, Running, noted, present};
use crate::test_store::TestStore;

async fn lead(store: &Store) -> Leadership {
    store.relay_lead(ProcessId::generate(), LATER).await.unwrap().expect("nobody leads")
}

/// Checks that positions are 1, 2, 3... and that versions of each record rise by one.
fn check(events: &[StoredEvent]) {
    let positions: Vec<_> = events.iter().map(|event| event.position.unwrap()).collect();
    assert_eq!(positions, (1..=events.len() as i64).collect::<Vec<_>>());
    let mut versions = HashMap::new();
    for event in events {
        let before = versions.insert(event.resource, event.version).unwrap_or(0);
        assert_eq!(event.version, before + 1, "{event:?}");
    }
}

/// Changes five records in each of five rounds.
async fn change(instances: &Instances, from: i64) {
    for round in from..from + 5 {
        let note = round.to_string();
        instances.apply(round, (0..5).map(|key| noted(&format!("i-{key}"), &note)).collect()).await;
    }
}

pub async fn positions_have_no_gaps_and_follow_versions(fixture: TestStore) {
    let (store, instances) = (&fixture.store, Instances::new(&fixture.store, 1));
    change(&instances, 0).await;
    let leader = lead(store).await;
    assert_eq!(store.relay_backlog(1000).await.unwrap(), 25);
    let mut counts = Vec::new();
    for _ in 0..3 {
        let Numbered { count, position } = store.relay_number(leader.epoch, 24).await.unwrap();
        counts.push((count, position));
    }
    assert_eq!(counts, [(24, 24), (1, 25), (0, 25)]);
    let mut log = Vec::new();
    while log.len() < 25 {
        let batch = store.relay_batch(log.len() as i64, 10).await.unwrap();
        assert!(!batch.is_empty());
        log.extend(batch);
    }
    check(&log);
    assert_eq!(store.relay_backlog(1000).await.unwrap(), 25);
    store.relay_published(leader.epoch, 24).await.unwrap();
    assert_eq!(store.relay_backlog(1000).await.unwrap(), 1);
    assert!(store.relay_batch(25, 10).await.unwrap().is_empty());

    change(&instances, 5).await;
    assert_eq!((store.relay_backlog(1000).await.unwrap(), store.relay_backlog(7).await.unwrap()), (26, 7));
    // As on a cluster of several writing servers: the later version has the earlier row.
    fixture.sql().execute("UPDATE events SET version = 16 - version WHERE version IN (6, 10)");
    assert_eq!(store.relay_number(leader.epoch, 100).await.unwrap(), Numbered { count: 25, position: 50 });
    check(&store.relay_batch(0, 100).await.unwrap());
}

pub async fn alternating_relays_number_each_event_once(fixture: TestStore) {
    const EVENTS: usize = 200;
    let mut relays = JoinSet::new();
    for _ in 0..2 {
        let store = fixture.another_process();
        relays.spawn(async move {
            let (me, mut epochs) = (ProcessId::generate(), 0);
            while store.relay_batch(0, 1000).await.unwrap().len() < EVENTS {
                // A lease that ends during the work: the fence must hold.
                let Some(leader) = store.relay_lead(me, Duration::from_millis(1)).await.unwrap() else {
                    continue;
                };
                epochs += 1;
                match store.relay_number(leader.epoch, 3).await {
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.kind(), ErrorKind::LeaseLost, "{error:?}"),
                }
            }
            epochs
        });
    }
    let instances = Instances::new(&fixture.store, 1);
    for round in 0..EVENTS / 4 {
        let note = round.to_string();
        instances.apply(1, (0..4).map(|key| noted(&format!("i-{key}"), &note)).collect()).await;
    }
    let turns = relays.join_all().await;
    assert!(turns.iter().all(|turns| *turns > 0), "{turns:?}");
    check(&fixture.store.relay_batch(0, 1000).await.unwrap());
}

pub async fn overtaken_leader_numbers_nothing(fixture: TestStore) {
    let store = &fixture.store;
    Instances::new(store, 1).apply(1, vec![present("a", Running)]).await;
    let old = store.relay_lead(ProcessId::generate(), Duration::ZERO).await.unwrap().unwrap();
    let new = lead(&fixture.another_process()).await;
    assert_eq!(new.epoch, old.epoch + 1);
    let error = store.relay_number(old.epoch, 100).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LeaseLost);
    let error = store.relay_published(old.epoch, 7).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LeaseLost);
    store.relay_resign(old.epoch).await.unwrap();
    assert_eq!(store.relay_lead(ProcessId::generate(), LATER).await.unwrap(), None, "the new one leads on");
    assert_eq!(fixture.rows("events WHERE position IS NOT NULL"), 0);
    assert_eq!(fixture.rows("leaders WHERE published = 0 AND numbered = 0"), 1);
    assert_eq!(store.relay_number(new.epoch, 100).await.unwrap(), Numbered { count: 1, position: 1 });
}

pub async fn one_relay_leads_at_a_time(fixture: TestStore) {
    let mut relays = JoinSet::new();
    for _ in 0..8 {
        let store = fixture.another_process();
        relays.spawn(async move {
            let me = ProcessId::generate();
            store.relay_lead(me, LATER).await.unwrap().map(|leadership| (me, leadership))
        });
    }
    let leaders: Vec<_> = relays.join_all().await.into_iter().flatten().collect();
    assert_eq!(leaders.len(), 1, "{leaders:?}");
    let (me, first) = leaders[0];
    assert_eq!(fixture.store.relay_lead(me, LATER).await.unwrap(), Some(first), "keeping it is no new term");
    fixture.store.relay_resign(first.epoch).await.unwrap();
    assert_eq!(lead(&fixture.store).await.epoch, first.epoch + 1);
}

pub async fn idle_outbox_has_no_work(fixture: TestStore) {
    let store = &fixture.store;
    assert!(!store.relay_has_work().await.unwrap());
    Instances::new(store, 1).apply(1, vec![present("a", Running)]).await;
    assert!(store.relay_has_work().await.unwrap(), "to number");
    let leader = lead(store).await;
    store.relay_number(leader.epoch, 100).await.unwrap();
    assert!(store.relay_has_work().await.unwrap(), "to publish");
    store.relay_published(leader.epoch, 1).await.unwrap();
    assert!(!store.relay_has_work().await.unwrap());
    store.relay_resign(leader.epoch).await.unwrap();
    let next = lead(store).await;
    assert_eq!((next.numbered, next.published), (1, 1), "the next leader goes on from there");
}
