//! Reading resources: pages, filters, one by id.

use std::collections::BTreeSet;

use gateway_core::document::terms::Term;
use gateway_core::id::{ResourceId, TargetId};
use gateway_store::{Cursor, ResourceFilter, ResourceQuery, SortKey, SortOrder, Store};

use crate::seen::{Running, Shelf, Stopped, instance, there};
use crate::stage::Stage;

const ALL: [TargetId; 4] = [TargetId(1), TargetId(2), TargetId(3), TargetId(5)];

fn none() -> ResourceFilter {
    ResourceFilter::default()
}

fn keys(prefix: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{prefix}-{number}"))
}

fn asked(filter: &ResourceFilter, after: Option<Cursor>, limit: usize) -> ResourceQuery {
    ResourceQuery { targets: ALL.to_vec(), filter: filter.clone(), after, limit, ..ResourceQuery::default() }
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
        let page = store.resource_list(asked(filter, after, limit)).await.unwrap();
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
    for targets in [vec![TargetId(9)], Vec::new()] {
        let page = store.resource_list(ResourceQuery { targets, ..asked(&none(), None, 10) }).await.unwrap();
        assert!(page.rows.is_empty() && page.next.is_none());
    }
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
        ..ResourceFilter::default()
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

/// A name and a time of creation, of two hundred in four targets with many that are equal.
fn motley(number: usize) -> gateway_store::Sighting {
    let mut seen = instance(&format!("i-{number}"), Running);
    seen.name = ["ant", "Bee", "cat", "Dog%", "eel_x"][number % 5].to_owned();
    seen.created_at = (!number.is_multiple_of(3)).then_some(gateway_core::Timestamp((number % 7) as i64));
    seen.tags.insert("colour".to_owned(), ["red", "blue"][number % 2].to_owned());
    seen.tags.insert("third".to_owned(), (number % 3).to_string());
    gateway_store::Sighting::Present(Box::new(seen))
}

pub async fn any_order_loses_and_doubles_nothing(stage: Stage) {
    let store = &stage.store;
    for (place, target) in ALL.iter().enumerate() {
        // One transaction each, so that times of change differ and are equal too.
        for part in 0..5 {
            let numbers = (0..10).map(|number| motley(place * 50 + part * 10 + number));
            Shelf::new(store, target.0).apply(1, numbers.collect()).await;
        }
    }
    for key in [SortKey::Name, SortKey::CreatedAt, SortKey::ChangedAt] {
        for descending in [false, true] {
            let mut orders = Vec::new();
            for limit in [1, 7, 199, 500] {
                let order = SortOrder::By { key, descending };
                let (mut all, mut after) = (Vec::new(), None);
                loop {
                    let query = ResourceQuery { order, ..asked(&none(), after, limit) };
                    let page = store.resource_list(query).await.unwrap();
                    all.extend(page.rows.iter().map(|row| (value(key, row), row.target, row.id)));
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(all.len(), 200, "{key:?}, {descending}, {limit}");
                let sorted = all.is_sorted_by(|a, b| if descending { a > b } else { a < b });
                assert!(sorted, "{key:?}, {descending}, {limit}");
                orders.push(all);
            }
            assert!(orders.windows(2).all(|pair| pair[0] == pair[1]), "{key:?}, {descending}");
        }
    }
}

pub async fn names_that_differ_in_blanks_alone_are_not_one_name(stage: Stage) {
    let store = &stage.store;
    let names = ["a", "a ", "a  ", "a\t", "a\u{1}", "a!", "A", "b ", "b"];
    for target in [1, 2] {
        let sightings = (0..18).map(|number| {
            let mut seen = instance(&format!("i-{number}"), Running);
            seen.name = names[number % names.len()].to_owned();
            gateway_store::Sighting::Present(Box::new(seen))
        });
        Shelf::new(store, target).apply(1, sightings.collect()).await;
    }
    for descending in [false, true] {
        let order = SortOrder::By { key: SortKey::Name, descending };
        for limit in [1, 2, 5, 100] {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let query = ResourceQuery { order, ..asked(&none(), after, limit) };
                let page = store.resource_list(query).await.unwrap();
                all.extend(page.rows.iter().map(|row| (value(SortKey::Name, row), row.target, row.id)));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let sorted = all.is_sorted_by(|a, b| if descending { a > b } else { a < b });
            assert!(sorted && all.len() == 36, "{} of 36, {descending}, limit {limit}", all.len());
        }
    }
    for (name, count) in [("a", 4), ("a ", 4), ("A", 4), ("b", 4), ("b  ", 0)] {
        let filter = ResourceFilter { name: Some(name.to_owned()), ..none() };
        assert_eq!(walk(store, &filter, 3, async |_| {}).await.len(), count, "exactly {name:?}");
    }
}

/// What a record should be sorted by, out of its document.
fn value(key: SortKey, row: &gateway_store::ResourceRow) -> (String, i64) {
    let document: serde_json::Value = serde_json::from_str(&row.document).unwrap();
    match key {
        SortKey::Name => (document["name"].as_str().unwrap().to_lowercase(), 0),
        SortKey::CreatedAt => {
            let at = document["created_at"].as_str().and_then(gateway_core::Timestamp::parse);
            (String::new(), at.map_or(0, |at| at.0))
        }
        SortKey::ChangedAt => (String::new(), row.changed_at.0),
    }
}

pub async fn filters_choose_by_terms_and_parts_of_names(stage: Stage) {
    let store = &stage.store;
    for (place, target) in ALL.iter().enumerate() {
        let numbers = (0..30).map(|number| motley(place * 30 + number));
        Shelf::new(store, target.0).apply(1, numbers.collect()).await;
    }
    let red = Term::tag("colour", "red");
    let of = |terms: &[Term], part: Option<&str>| ResourceFilter {
        terms: terms.to_vec(),
        name_contains: part.map(str::to_owned),
        ..ResourceFilter::default()
    };
    for (filter, count) in [
        (of(&[red], None), 60),
        (of(&[red, Term::tag("third", "0")], None), 20),
        (of(&[red, Term::tag("colour", "blue")], None), 0),
        (of(&[], Some("BEE")), 24),
        (of(&[], Some("e")), 48),
        (of(&[], Some("%")), 24),
        (of(&[], Some("_")), 24),
        (of(&[], Some("g%x")), 0),
        (of(&[red], Some("a")), 24),
    ] {
        for limit in [1, 7, 100] {
            let found = walk(store, &filter, limit, async |_| {}).await;
            assert_eq!(found.len(), count, "{filter:?}, limit {limit}");
        }
        let order = SortOrder::By { key: SortKey::Name, descending: true };
        let query = ResourceQuery { order, ..asked(&filter, None, 500) };
        assert_eq!(store.resource_list(query).await.unwrap().rows.len(), count, "{filter:?}");
    }
}

pub async fn terms_follow_their_records(stage: Stage) {
    let store = &stage.store;
    let shelf = Shelf::new(store, 1);
    let (red, blue) = (Term::tag("colour", "red"), Term::tag("colour", "blue"));
    let with = |colour: &str| {
        let mut seen = instance("i", Running);
        seen.tags.insert("colour".to_owned(), colour.to_owned());
        gateway_store::Sighting::Present(Box::new(seen))
    };
    let count = async |term: Term| {
        let filter = ResourceFilter { terms: vec![term], ..ResourceFilter::default() };
        store.resource_list(asked(&filter, None, 10)).await.unwrap().rows.len()
    };
    shelf.apply(1, vec![with("red")]).await;
    assert_eq!((count(red).await, count(blue).await, stage.rows("resource_terms")), (1, 0, 1));
    shelf.apply(2, vec![with("blue")]).await;
    assert_eq!((count(red).await, count(blue).await, stage.rows("resource_terms")), (0, 1, 1));
    shelf.apply(3, vec![shelf.gone("i")]).await;
    assert_eq!((count(blue).await, stage.rows("resource_terms")), (0, 0));
    shelf.apply(4, vec![with("blue")]).await;
    assert_eq!((count(blue).await, stage.rows("resource_terms")), (1, 1));
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
