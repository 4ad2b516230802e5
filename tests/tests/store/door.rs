//! The one door: what an observation makes of the store.

use std::collections::HashSet;

use gateway_core::id::{Holder, ProcessId};
use gateway_core::kind::InstanceState::Stopping;
use gateway_store::{ResourceFilter, ResourceQuery};

use crate::given::{INSTANCE, LATER, one_account};
use crate::seen::{Running, Shelf, Stopped, applied, instance, noted, there};
use crate::stage::Stage;

/// `version:change:old>new` of every event, in the order of their making.
fn story(stage: &Stage) -> Vec<String> {
    let mut raw = stage.raw();
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

pub async fn a_record_counts_its_versions(stage: Stage) {
    let shelf = Shelf::new(&stage.store, 1);
    assert_eq!(shelf.apply(1, vec![there("a", Running)]).await, applied(1, 0, 0, 0, 0));
    assert_eq!(shelf.apply(2, vec![noted("a", "x")]).await, applied(0, 1, 0, 0, 0));
    assert_eq!(shelf.apply(3, vec![there("a", Stopping)]).await, applied(0, 1, 0, 0, 0));
    assert_eq!(shelf.apply(4, vec![there("a", Stopping)]).await, applied(0, 0, 0, 1, 0));
    assert_eq!(shelf.apply(5, vec![shelf.gone("a")]).await, applied(0, 0, 1, 0, 0));
    assert_eq!(shelf.apply(6, vec![shelf.gone("a")]).await, applied(0, 0, 0, 1, 0));
    assert_eq!(
        story(&stage),
        [
            "1:created:->running",
            "2:changed:running>running",
            "3:state_changed:running>stopping",
            "4:deleted:stopping>-"
        ]
    );
    assert_eq!(stage.rows("resources"), 0);
    let documents = stage.raw().texts("SELECT COALESCE(document, '') AS t FROM events ORDER BY seq");
    assert!(documents[1].contains(r#""note":"x""#) && documents[3].is_empty());
}

pub async fn each_written_record_has_one_event_and_unwritten_ones_none(stage: Stage) {
    let shelf = Shelf::new(&stage.store, 1);
    shelf.fill((0..300).map(|number| format!("i-{number}"))).await;
    assert_eq!((stage.rows("resources"), stage.rows("events")), (300, 300));
    let mut next: Vec<_> = (0..300).map(|number| there(&format!("i-{number}"), Running)).collect();
    next[7] = there("i-7", Stopped);
    next[8] = shelf.gone("i-8");
    next.push(there("new", Running));
    next.push(shelf.gone("never there"));
    let done = shelf.apply(2, next).await;
    assert_eq!(done, applied(1, 1, 1, 299, 0));
    assert_eq!(done.written(), 3);
    assert_eq!((stage.rows("resources"), stage.rows("events")), (300, 303));
    assert_eq!(shelf.apply(3, Vec::new()).await, applied(0, 0, 0, 0, 0));
}

pub async fn what_is_older_than_the_record_is_refused(stage: Stage) {
    let shelf = Shelf::new(&stage.store, 1);
    shelf.apply(10, vec![there("a", Running), there("b", Running)]).await;
    assert_eq!(shelf.apply(9, vec![there("a", Stopped)]).await, applied(0, 0, 0, 0, 1));
    assert_eq!(shelf.apply(9, vec![shelf.gone("a")]).await, applied(0, 0, 0, 0, 1));
    assert_eq!(shelf.apply(10, vec![there("a", Stopped)]).await, applied(0, 1, 0, 0, 0), "as old is as good");
    shelf.apply(20, vec![shelf.gone("a")]).await;
    assert_eq!(shelf.apply(19, vec![there("a", Running)]).await, applied(0, 0, 0, 0, 1), "it is proven gone");
    assert_eq!(stage.rows("resources"), 1);
    assert_eq!(stage.rows("events"), 4);
}

pub async fn a_record_that_comes_back_goes_on_counting(stage: Stage) {
    let shelf = Shelf::new(&stage.store, 1);
    for round in 0..3 {
        shelf.apply(round, vec![there("a", Running), there("b", Running)]).await;
        shelf.apply(round, vec![shelf.gone("a")]).await;
    }
    shelf.apply(9, vec![there("a", Stopped)]).await;
    let versions = stage.raw().numbers(
        "SELECT version AS n FROM events WHERE document LIKE '%\"a\"%' OR document IS NULL ORDER BY seq",
    );
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(stage.rows("tombstones"), 0, "one that lives has no grave");
    let found = stage.store.resource_get(shelf.id("a"), false).await.unwrap();
    assert_eq!(found[0].version, 7);
}

pub async fn a_holder_has_a_record_of_its_own(stage: Stage) {
    let own = Shelf::new(&stage.store, 1);
    let mut global = Shelf::new(&stage.store, 2);
    global.scope.holder = Holder::Global;
    own.apply(1, vec![there("a", Running)]).await;
    own.apply(2, vec![there("a", Stopped)]).await;
    global.apply(1, vec![there("a", Running)]).await;
    let versions: Vec<_> = stage.store.resource_get(own.id("a"), false).await.unwrap();
    let mut versions: Vec<_> = versions.iter().map(|row| (row.target.0, row.version)).collect();
    versions.sort_unstable();
    assert_eq!(versions, [(1, 2), (2, 1)]);
    own.apply(3, vec![own.gone("a")]).await;
    assert_eq!(stage.rows("resources"), 1, "one holder's loss is not the other's");
}

pub async fn one_record_twice_in_an_observation_counts_once(stage: Stage) {
    let shelf = Shelf::new(&stage.store, 1);
    shelf.apply(1, vec![there("a", Running), there("b", Running), noted("a", "later")]).await;
    let found = stage.store.resource_get(shelf.id("a"), false).await.unwrap();
    assert!(found[0].document.contains("later"), "the last sighting is what is kept");
    assert_eq!((found[0].version, stage.rows("events")), (1, 2));
    shelf.apply(2, vec![shelf.gone("a"), there("a", Stopped)]).await;
    assert_eq!(stage.store.resource_get(shelf.id("a"), false).await.unwrap()[0].version, 2);
    shelf.apply(3, vec![there("c", Running), shelf.gone("c")]).await;
    assert!(stage.store.resource_get(shelf.id("c"), false).await.unwrap().is_empty());
    let row = stage.raw().numbers("SELECT version AS n FROM events ORDER BY seq");
    assert_eq!(row, [1, 1, 2]);
}

pub async fn a_long_name_is_found_by_all_of_it(stage: Stage) {
    let shelf = Shelf::new(&stage.store, 1);
    let name = "\u{df}".repeat(400);
    let mut seen = instance("a", Running);
    seen.name.clone_from(&name);
    shelf.apply(1, vec![gateway_store::Sighting::Present(Box::new(seen))]).await;
    let filter = ResourceFilter { name: Some(name.clone()), ..ResourceFilter::default() };
    let query = ResourceQuery {
        targets: vec![shelf.target],
        filter,
        limit: 10,
        raw: true,
        ..ResourceQuery::default()
    };
    let page = stage.store.resource_list(query).await.unwrap();
    assert!(page.rows[0].document.contains(&name));
    assert!(page.rows[0].raw.as_deref().unwrap().contains("Running"));
}

pub async fn what_was_missing_is_remembered_until_it_is_back(stage: Stage) {
    let store = &stage.store;
    one_account(store).await;
    let claims = store.targets_claim(ProcessId::generate(), LATER, 100).await.unwrap();
    let claim = claims.into_iter().find(|claim| claim.target.kind == INSTANCE).unwrap();
    let shelf = Shelf { target: claim.target.id, scope: claim.target.scope, ..Shelf::new(store, 0) };
    let keys: Vec<_> = (0..1200).map(|number| format!("i-{number}")).collect();
    for chunk in keys.chunks(300) {
        shelf.fill(chunk.iter().cloned()).await;
    }
    let ids: HashSet<_> = keys.iter().map(|key| shelf.id(key)).collect();
    store.missing_set(claim.fence, ids.clone()).await.unwrap();
    assert_eq!(store.missing_list(shelf.target).await.unwrap(), ids);
    let few: HashSet<_> = [shelf.id("i-1"), shelf.id("i-2"), shelf.id("new")].into();
    store.missing_set(claim.fence, few.clone()).await.unwrap();
    assert_eq!(store.missing_list(shelf.target).await.unwrap(), few);
    let mut named = store.native_keys(shelf.target, few.into_iter().collect()).await.unwrap();
    named.sort_by(|one, other| one.1.cmp(&other.1));
    assert_eq!(named, [(shelf.id("i-1"), "i-1".to_owned()), (shelf.id("i-2"), "i-2".to_owned())]);
    shelf.apply(9, vec![shelf.gone("i-1")]).await;
    assert!(!store.missing_list(shelf.target).await.unwrap().contains(&shelf.id("i-1")));
}
