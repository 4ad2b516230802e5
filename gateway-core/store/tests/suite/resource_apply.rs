//! The single write path: the effect of observations.

use std::collections::HashSet;

use gateway_core::id::{Holder, ProcessId};
use gateway_core::kind::InstanceState::Stopping;
use gateway_store::{ResourceFilter, ResourceQuery};

use crate::fixtures::{INSTANCE, LATER, one_account};
use crate::sightings::{Instances, Running, Stopped, applied, instance, noted, present};
use crate::test_store::TestStore;

/// Returns `version:change:old>new` of every event, in the order of writing.
fn event_summaries(fixture: &TestStore) -> Vec<String> {
    let mut raw = fixture.sql();
    let versions = raw.numbers("SELECT version AS n FROM events ORDER BY seq");
    let changes = raw.texts("SELECT change_name AS t FROM events ORDER BY seq");
    let old = raw.texts("SELECT COALESCE(old_state, '-') AS t FROM events ORDER BY seq");
    let new = raw.texts("SELECT COALESCE(new_state, '-') AS t FROM events ORDER BY seq");
    let words = changes.iter().zip(old.iter().zip(&new));
    versions
        .iter()
        .zip(words)
        .map(|(version, (change, (old, new)))| format!("{version}:{change}:{old}>{new}"))
        .collect()
}

pub async fn each_change_raises_the_version(fixture: TestStore) {
    let instances = Instances::new(&fixture.store, 1);
    assert_eq!(instances.apply(1, vec![present("a", Running)]).await, applied(1, 0, 0, 0, 0));
    assert_eq!(instances.apply(2, vec![noted("a", "x")]).await, applied(0, 1, 0, 0, 0));
    assert_eq!(instances.apply(3, vec![present("a", Stopping)]).await, applied(0, 1, 0, 0, 0));
    assert_eq!(instances.apply(4, vec![present("a", Stopping)]).await, applied(0, 0, 0, 1, 0));
    assert_eq!(instances.apply(5, vec![instances.gone("a")]).await, applied(0, 0, 1, 0, 0));
    assert_eq!(instances.apply(6, vec![instances.gone("a")]).await, applied(0, 0, 0, 1, 0));
    assert_eq!(
        event_summaries(&fixture),
        [
            "1:created:->running",
            "2:changed:running>running",
            "3:state_changed:running>stopping",
            "4:deleted:stopping>-"
        ]
    );
    assert_eq!(fixture.rows("resources"), 0);
    let documents = fixture.sql().texts("SELECT COALESCE(document, '') AS t FROM events ORDER BY seq");
    assert!(documents[1].contains(r#""note":"x""#) && documents[3].is_empty());
}

pub async fn each_written_record_has_one_event_and_unchanged_ones_none(fixture: TestStore) {
    let instances = Instances::new(&fixture.store, 1);
    instances.fill((0..300).map(|number| format!("i-{number}"))).await;
    assert_eq!((fixture.rows("resources"), fixture.rows("events")), (300, 300));
    let mut next: Vec<_> = (0..300).map(|number| present(&format!("i-{number}"), Running)).collect();
    next[7] = present("i-7", Stopped);
    next[8] = instances.gone("i-8");
    next.push(present("new", Running));
    next.push(instances.gone("never there"));
    let done = instances.apply(2, next).await;
    assert_eq!(done, applied(1, 1, 1, 299, 0));
    assert_eq!(done.written(), 3);
    assert_eq!((fixture.rows("resources"), fixture.rows("events")), (300, 303));
    assert_eq!(instances.apply(3, Vec::new()).await, applied(0, 0, 0, 0, 0));
}

pub async fn sighting_older_than_the_record_is_refused(fixture: TestStore) {
    let instances = Instances::new(&fixture.store, 1);
    instances.apply(10, vec![present("a", Running), present("b", Running)]).await;
    assert_eq!(instances.apply(9, vec![present("a", Stopped)]).await, applied(0, 0, 0, 0, 1));
    assert_eq!(instances.apply(9, vec![instances.gone("a")]).await, applied(0, 0, 0, 0, 1));
    assert_eq!(
        instances.apply(10, vec![present("a", Stopped)]).await,
        applied(0, 1, 0, 0, 0),
        "an equal time is accepted"
    );
    instances.apply(20, vec![instances.gone("a")]).await;
    assert_eq!(
        instances.apply(19, vec![present("a", Running)]).await,
        applied(0, 0, 0, 0, 1),
        "it is proven gone"
    );
    assert_eq!(fixture.rows("resources"), 1);
    assert_eq!(fixture.rows("events"), 4);
}

pub async fn recreated_record_continues_its_versions(fixture: TestStore) {
    let instances = Instances::new(&fixture.store, 1);
    for round in 0..3 {
        instances.apply(round, vec![present("a", Running), present("b", Running)]).await;
        instances.apply(round, vec![instances.gone("a")]).await;
    }
    instances.apply(9, vec![present("a", Stopped)]).await;
    let versions = fixture.sql().numbers(
        "SELECT version AS n FROM events WHERE document LIKE '%\"a\"%' OR document IS NULL ORDER BY seq",
    );
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(fixture.rows("tombstones"), 0, "an existing record has no tombstone");
    let found = fixture.store.resource_get(instances.id("a"), false).await.unwrap();
    assert_eq!(found[0].version, 7);
}

pub async fn each_holder_has_its_own_record(fixture: TestStore) {
    let own = Instances::new(&fixture.store, 1);
    let mut global = Instances::new(&fixture.store, 2);
    global.scope.holder = Holder::Global;
    own.apply(1, vec![present("a", Running)]).await;
    own.apply(2, vec![present("a", Stopped)]).await;
    global.apply(1, vec![present("a", Running)]).await;
    let versions: Vec<_> = fixture.store.resource_get(own.id("a"), false).await.unwrap();
    let mut versions: Vec<_> = versions.iter().map(|row| (row.target.0, row.version)).collect();
    versions.sort_unstable();
    assert_eq!(versions, [(1, 2), (2, 1)]);
    own.apply(3, vec![own.gone("a")]).await;
    assert_eq!(fixture.rows("resources"), 1, "the record of the other holder stays");
}

pub async fn last_sighting_of_a_record_counts(fixture: TestStore) {
    let instances = Instances::new(&fixture.store, 1);
    instances.apply(1, vec![present("a", Running), present("b", Running), noted("a", "later")]).await;
    let found = fixture.store.resource_get(instances.id("a"), false).await.unwrap();
    assert!(found[0].document.contains("later"), "the last sighting is kept");
    assert_eq!((found[0].version, fixture.rows("events")), (1, 2));
    instances.apply(2, vec![instances.gone("a"), present("a", Stopped)]).await;
    assert_eq!(fixture.store.resource_get(instances.id("a"), false).await.unwrap()[0].version, 2);
    instances.apply(3, vec![present("c", Running), instances.gone("c")]).await;
    assert!(fixture.store.resource_get(instances.id("c"), false).await.unwrap().is_empty());
    let row = fixture.sql().numbers("SELECT version AS n FROM events ORDER BY seq");
    assert_eq!(row, [1, 1, 2]);
}

pub async fn long_name_is_found_by_its_whole_text(fixture: TestStore) {
    let instances = Instances::new(&fixture.store, 1);
    let name = "\u{df}".repeat(400);
    let mut seen = instance("a", Running);
    seen.name.clone_from(&name);
    instances.apply(1, vec![gateway_store::Sighting::Present(Box::new(seen))]).await;
    let filter = ResourceFilter { name: Some(name.clone()), ..ResourceFilter::default() };
    let query = ResourceQuery {
        targets: vec![instances.target],
        filter,
        limit: 10,
        raw: true,
        ..ResourceQuery::default()
    };
    let page = fixture.store.resource_list(query).await.unwrap();
    assert!(page.rows[0].document.contains(&name));
    assert!(page.rows[0].raw.as_deref().unwrap().contains("Running"));
}

pub async fn missing_record_is_kept_until_it_is_seen_again(fixture: TestStore) {
    let store = &fixture.store;
    one_account(store).await;
    let claims = store.targets_claim(ProcessId::generate(), LATER, 100).await.unwrap();
    let claim = claims.into_iter().find(|claim| claim.target.kind == INSTANCE).unwrap();
    let instances =
        Instances { target: claim.target.id, scope: claim.target.scope, ..Instances::new(store, 0) };
    let keys: Vec<_> = (0..1200).map(|number| format!("i-{number}")).collect();
    for chunk in keys.chunks(300) {
        instances.fill(chunk.iter().cloned()).await;
    }
    let ids: HashSet<_> = keys.iter().map(|key| instances.id(key)).collect();
    store.missing_set(claim.fence, ids.clone()).await.unwrap();
    assert_eq!(store.missing_list(instances.target).await.unwrap(), ids);
    let few: HashSet<_> = [instances.id("i-1"), instances.id("i-2"), instances.id("new")].into();
    store.missing_set(claim.fence, few.clone()).await.unwrap();
    assert_eq!(store.missing_list(instances.target).await.unwrap(), few);
    let mut named = store.native_keys(instances.target, few.into_iter().collect()).await.unwrap();
    named.sort_by(|one, other| one.1.cmp(&other.1));
    assert_eq!(named, [(instances.id("i-1"), "i-1".to_owned()), (instances.id("i-2"), "i-2".to_owned())]);
    instances.apply(9, vec![instances.gone("i-1")]).await;
    assert!(!store.missing_list(instances.target).await.unwrap().contains(&instances.id("i-1")));
}
