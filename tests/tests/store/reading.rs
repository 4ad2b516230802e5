//! Reading resources: pages, filters, one by id.

use std::collections::BTreeSet;

use gateway_core::id::{ResourceId, TargetId};
use gateway_store::{Cursor, ResourceFilter, Store};

use crate::seen::{Running, Shelf, Stopped, instance, there};
use crate::stage::Stage;

const ALL: [TargetId; 4] = [TargetId(1), TargetId(2), TargetId(3), TargetId(5)];

fn none() -> ResourceFilter {
    ResourceFilter::default()
}

fn keys(prefix: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{prefix}-{number}"))
}

/// Walks over all pages; after each, `between` may change what is there.
async fn walk(
    store: &Store,
    filter: &ResourceFilter,
    limit: usize,
    mut between: impl AsyncFnMut(usize),
) -> Vec<(TargetId, ResourceId)> {
    let (mut all, mut after, mut pages): (Vec<_>, Option<Cursor>, _) = (Vec::new(), None, 0);
    loop {
        let page = store.resource_list(ALL.to_vec(), filter.clone(), after, limit, false).await.unwrap();
        assert!(page.rows.len() <= limit);
        assert!(page.next.is_none() || page.rows.len() == limit, "a short page is the last");
        all.extend(page.rows.iter().map(|row| (row.target, row.id)));
        after = page.next;
        if after.is_none() {
            return all;
        }
        pages += 1;
        between(pages).await;
    }
}

pub async fn pages_over_targets_lose_and_double_nothing(stage: Stage) {
    let store = &stage.store;
    for (target, count) in [(1, 20), (2, 0), (3, 7), (4, 5), (5, 13)] {
        Shelf::new(store, target).fill(keys("i", count)).await;
    }
    for limit in [1, 7, 10, 20, 40, 100] {
        let all = walk(store, &none(), limit, async |_| {}).await;
        assert_eq!(all.len(), 40, "limit {limit}: target 4 was not asked for");
        assert!(all.is_sorted(), "by target and id");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 40, "limit {limit}");
    }
    let page = store.resource_list(vec![TargetId(9)], none(), None, 10, false).await.unwrap();
    assert!(page.rows.is_empty() && page.next.is_none());
    assert!(store.resource_list(vec![], none(), None, 10, false).await.unwrap().rows.is_empty());
}

pub async fn records_that_come_and_go_between_pages_disturb_no_other(stage: Stage) {
    let store = &stage.store;
    let shelves: Vec<_> = ALL.iter().map(|target| Shelf::new(store, target.0)).collect();
    let mut stay = BTreeSet::new();
    for shelf in &shelves {
        shelf.fill(keys("stays", 30).chain(keys("goes", 30))).await;
        stay.extend(keys("stays", 30).map(|key| (shelf.target, shelf.id(&key))));
    }
    let seen = walk(store, &none(), 7, async |page| {
        for shelf in &shelves {
            shelf.apply(2, vec![there(&format!("new-{page}"), Running)]).await;
            shelf.apply(2, vec![shelf.gone(&format!("goes-{page}"))]).await;
            // A record that changes keeps its place.
            shelf.apply(2, vec![there(&format!("stays-{}", page % 30), Stopped)]).await;
        }
    })
    .await;
    let distinct: BTreeSet<_> = seen.iter().copied().collect();
    assert_eq!(distinct.len(), seen.len(), "none twice");
    assert!(
        stay.is_subset(&distinct),
        "{} of those that stayed are missing",
        stay.difference(&distinct).count()
    );
}

pub async fn filters_choose_by_state_and_name(stage: Stage) {
    let store = &stage.store;
    for shelf in ALL.iter().map(|target| Shelf::new(store, target.0)) {
        let mut sightings: Vec<_> = keys("i", 10).map(|key| there(&key, Running)).collect();
        sightings.extend(keys("s", 4).map(|key| there(&key, Stopped)));
        for key in ["w-1", "w-2"] {
            let mut seen = instance(key, Running);
            seen.name = "Web".to_owned();
            sightings.push(gateway_store::Sighting::Present(Box::new(seen)));
        }
        shelf.apply(1, sightings).await;
    }
    let of = |state: Option<&str>, name: Option<&str>| ResourceFilter {
        state: state.map(str::to_owned),
        name: name.map(str::to_owned),
    };
    for (filter, count) in [
        (of(Some("stopped"), None), 16),
        (of(Some("running"), None), 48),
        (of(None, Some("Web")), 8),
        (of(None, Some("web")), 0),
        (of(Some("running"), Some("Web")), 8),
        (of(Some("stopped"), Some("Web")), 0),
        (of(Some("paused"), None), 0),
    ] {
        for limit in [1, 3, 100] {
            let found = walk(store, &filter, limit, async |_| {}).await;
            assert_eq!((found.len(), found.is_sorted()), (count, true), "{filter:?}, limit {limit}");
        }
    }
}

pub async fn a_resource_is_read_with_all_its_holders(stage: Stage) {
    let store = &stage.store;
    let (one, two) = (Shelf::new(store, 1), Shelf::new(store, 2));
    one.apply(1, vec![there("a", Running)]).await;
    two.apply(1, vec![there("a", Stopped)]).await;
    let mut rows = store.resource_get(one.id("a"), true).await.unwrap();
    rows.sort_by_key(|row| row.target);
    let raw: Vec<_> = rows.iter().map(|row| row.raw.clone().unwrap()).collect();
    assert_eq!(raw, [r#"{"id":"a","status":"Running"}"#, r#"{"id":"a","status":"Stopped"}"#]);
    assert!(rows[1].document.contains(r#""state":"stopped""#));
    assert!(rows.iter().all(|row| row.version == 1 && row.changed_at.0 > 0));
    assert_eq!(store.resource_get(one.id("a"), false).await.unwrap()[0].raw, None);
    assert!(store.resource_get(ResourceId::generate(), false).await.unwrap().is_empty());
}
