//! Listings of resources: pages, filters, sort orders; and reading by id.

use std::collections::BTreeSet;

use gateway_core::document::terms::Term;
use gateway_core::id::{ResourceId, TargetId};
use gateway_store::{Cursor, ResourceFilter, ResourceQuery, Sighting, SortKey, SortOrder, Store};

use crate::fixtures::{client, cloud, granted, one_account};
use crate::query_plans::statement::Statement;
use crate::recording::Recording;
use crate::sightings::{Instances, Running, Stopped, instance, present};
use crate::test_store::TestStore;

const ALL: [TargetId; 4] = [TargetId(1), TargetId(2), TargetId(3), TargetId(5)];

fn none() -> ResourceFilter {
    ResourceFilter::default()
}

fn keys(prefix: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{prefix}-{number}"))
}

fn page_query(filter: &ResourceFilter, after: Option<Cursor>, limit: usize) -> ResourceQuery {
    ResourceQuery { targets: ALL.to_vec(), filter: filter.clone(), after, limit, ..ResourceQuery::default() }
}

/// Walks over all pages; after each, `between` may change records.
async fn walk(
    store: &Store,
    filter: &ResourceFilter,
    limit: usize,
    mut between: impl AsyncFnMut(usize),
) -> Vec<(TargetId, ResourceId)> {
    let (mut all, mut after, mut pages): (Vec<_>, Option<Cursor>, _) = (Vec::new(), None, 0);
    loop {
        let page = store.resource_list(page_query(filter, after, limit)).await.unwrap();
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

pub async fn pages_over_targets_hold_each_record_once(fixture: TestStore) {
    let store = &fixture.store;
    for (target, count) in [(1, 20), (2, 0), (3, 7), (4, 5), (5, 13)] {
        Instances::new(store, target).fill(keys("i", count)).await;
    }
    for limit in [1, 7, 10, 20, 40, 100] {
        let all = walk(store, &none(), limit, async |_| {}).await;
        assert_eq!(all.len(), 40, "limit {limit}: target 4 was not asked for");
        assert!(all.is_sorted(), "by target and id");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 40, "limit {limit}");
    }
    for targets in [vec![TargetId(9)], Vec::new()] {
        let page =
            store.resource_list(ResourceQuery { targets, ..page_query(&none(), None, 10) }).await.unwrap();
        assert!(page.rows.is_empty() && page.next.is_none());
    }
}

pub async fn changes_between_pages_do_not_affect_other_records(fixture: TestStore) {
    let store = &fixture.store;
    let by_target: Vec<_> = ALL.iter().map(|target| Instances::new(store, target.0)).collect();
    let mut stay = BTreeSet::new();
    for instances in &by_target {
        instances.fill(keys("stays", 30).chain(keys("goes", 30))).await;
        stay.extend(keys("stays", 30).map(|key| (instances.target, instances.id(&key))));
    }
    let seen = walk(store, &none(), 7, async |page| {
        for instances in &by_target {
            instances.apply(2, vec![present(&format!("new-{page}"), Running)]).await;
            instances.apply(2, vec![instances.gone(&format!("goes-{page}"))]).await;
            // A record that changes keeps its place.
            instances.apply(2, vec![present(&format!("stays-{}", page % 30), Stopped)]).await;
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

pub async fn listing_is_filtered_by_state_and_name(fixture: TestStore) {
    let store = &fixture.store;
    for instances in ALL.iter().map(|target| Instances::new(store, target.0)) {
        let mut sightings: Vec<_> = keys("i", 10).map(|key| present(&key, Running)).collect();
        sightings.extend(keys("s", 4).map(|key| present(&key, Stopped)));
        for key in ["w-1", "w-2"] {
            let mut seen = instance(key, Running);
            seen.name = "Web".to_owned();
            sightings.push(Sighting::Present(Box::new(seen)));
        }
        instances.apply(1, sightings).await;
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

/// Returns an instance whose name and time of creation are equal to those of many others.
fn varied(number: usize) -> Sighting {
    let mut seen = instance(&format!("i-{number}"), Running);
    seen.name = ["ant", "Bee", "cat", "Dog%", "eel_x"][number % 5].to_owned();
    seen.created_at = (!number.is_multiple_of(3)).then_some(gateway_core::Timestamp((number % 7) as i64));
    seen.tags.insert("colour".to_owned(), ["red", "blue"][number % 2].to_owned());
    seen.tags.insert("third".to_owned(), (number % 3).to_string());
    Sighting::Present(Box::new(seen))
}

pub async fn every_sort_order_holds_each_record_once(fixture: TestStore) {
    let store = &fixture.store;
    for (place, target) in ALL.iter().enumerate() {
        // One transaction each, so that times of change differ and are equal too.
        for part in 0..5 {
            let numbers = (0..10).map(|number| varied(place * 50 + part * 10 + number));
            Instances::new(store, target.0).apply(1, numbers.collect()).await;
        }
    }
    for key in [SortKey::Name, SortKey::CreatedAt, SortKey::ChangedAt] {
        for descending in [false, true] {
            let mut orders = Vec::new();
            for limit in [1, 7, 199, 500] {
                let order = SortOrder::By { key, descending };
                let (mut all, mut after) = (Vec::new(), None);
                loop {
                    let query = ResourceQuery { order, ..page_query(&none(), after, limit) };
                    let page = store.resource_list(query).await.unwrap();
                    all.extend(page.rows.iter().map(|row| (sort_value(key, row), row.target, row.id)));
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

pub async fn names_that_differ_only_in_blanks_are_distinct(fixture: TestStore) {
    let store = &fixture.store;
    let names = ["a", "a ", "a  ", "a\t", "a\u{1}", "a!", "A", "b ", "b"];
    for target in [1, 2] {
        let sightings = (0..18).map(|number| {
            let mut seen = instance(&format!("i-{number}"), Running);
            seen.name = names[number % names.len()].to_owned();
            Sighting::Present(Box::new(seen))
        });
        Instances::new(store, target).apply(1, sightings.collect()).await;
    }
    for descending in [false, true] {
        let order = SortOrder::By { key: SortKey::Name, descending };
        for limit in [1, 2, 5, 100] {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let query = ResourceQuery { order, ..page_query(&none(), after, limit) };
                let page = store.resource_list(query).await.unwrap();
                all.extend(page.rows.iter().map(|row| (sort_value(SortKey::Name, row), row.target, row.id)));
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

/// Returns the sort value of a record, read from its document.
fn sort_value(key: SortKey, row: &gateway_store::ResourceRow) -> (String, i64) {
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

pub async fn listing_is_filtered_by_terms_and_parts_of_names(fixture: TestStore) {
    let store = &fixture.store;
    for (place, target) in ALL.iter().enumerate() {
        let numbers = (0..30).map(|number| varied(place * 30 + number));
        Instances::new(store, target.0).apply(1, numbers.collect()).await;
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
        let query = ResourceQuery { order, ..page_query(&filter, None, 500) };
        assert_eq!(store.resource_list(query).await.unwrap().rows.len(), count, "{filter:?}");
    }
}

pub async fn terms_follow_their_records(fixture: TestStore) {
    let store = &fixture.store;
    let instances = Instances::new(store, 1);
    let (red, blue) = (Term::tag("colour", "red"), Term::tag("colour", "blue"));
    let with = |colour: &str| {
        let mut seen = instance("i", Running);
        seen.tags.insert("colour".to_owned(), colour.to_owned());
        Sighting::Present(Box::new(seen))
    };
    let count = async |term: Term| {
        let filter = ResourceFilter { terms: vec![term], ..ResourceFilter::default() };
        store.resource_list(page_query(&filter, None, 10)).await.unwrap().rows.len()
    };
    instances.apply(1, vec![with("red")]).await;
    assert_eq!((count(red).await, count(blue).await, fixture.rows("resource_terms")), (1, 0, 1));
    instances.apply(2, vec![with("blue")]).await;
    assert_eq!((count(red).await, count(blue).await, fixture.rows("resource_terms")), (0, 1, 1));
    instances.apply(3, vec![instances.gone("i")]).await;
    assert_eq!((count(blue).await, fixture.rows("resource_terms")), (0, 0));
    instances.apply(4, vec![with("blue")]).await;
    assert_eq!((count(blue).await, fixture.rows("resource_terms")), (1, 1));
}

pub async fn resource_is_read_with_the_records_of_all_holders(fixture: TestStore) {
    let store = &fixture.store;
    let (one, two) = (Instances::new(store, 1), Instances::new(store, 2));
    one.apply(1, vec![present("a", Running)]).await;
    two.apply(1, vec![present("a", Stopped)]).await;
    let mut rows = store.resource_get(one.id("a"), true).await.unwrap();
    rows.sort_by_key(|row| row.target);
    let raw: Vec<_> = rows.iter().map(|row| row.raw.clone().unwrap()).collect();
    assert_eq!(raw, [r#"{"id":"a","status":"Running"}"#, r#"{"id":"a","status":"Stopped"}"#]);
    assert!(rows[1].document.contains(r#""state":"stopped""#));
    assert!(rows.iter().all(|row| row.version == 1 && row.changed_at.0 > 0));
    assert_eq!(store.resource_get(one.id("a"), false).await.unwrap()[0].raw, None);
    assert!(store.resource_get(ResourceId::generate(), false).await.unwrap().is_empty());
    let (both, ids) = (vec![one.target, two.target], vec![one.id("a"), ResourceId::generate()]);
    let mut rows = store.resources_get(both.clone(), ids.clone()).await.unwrap();
    rows.sort_by_key(|row| row.target);
    let mut all = store.resource_get(one.id("a"), false).await.unwrap();
    all.sort_by_key(|row| row.target);
    assert_eq!(rows, all);
    assert_eq!(store.resources_get(vec![two.target], ids.clone()).await.unwrap(), all[1..]);
    assert!(store.resources_get(both, Vec::new()).await.unwrap().is_empty());
    assert!(store.resources_get(Vec::new(), ids).await.unwrap().is_empty());
}

/// A page of many targets is put together from those that hold its first records. It equals the page of a merge of all.
pub async fn pages_of_many_targets_follow_the_whole_order(fixture: TestStore) {
    let store = &fixture.store;
    let (cloud, principal) = (cloud(store, "sim").await, client(store, "many").await);
    for number in 0..130 {
        granted(store, principal, cloud, &format!("account-{number}")).await;
    }
    let sql = "SELECT id AS n FROM poll_targets WHERE kind = 'instance' ORDER BY id";
    let targets: Vec<_> = fixture.sql().numbers(sql).into_iter().map(TargetId).collect();
    for (number, target) in targets.iter().enumerate() {
        // None to six in each, most of the names in many targets, and one target with many.
        let count = if number == 77 { 40 } else { number * 5 % 7 };
        let named = (0..count).map(|one| {
            let key = format!("{number}-{one}");
            let mut seen = instance(&key, Running);
            seen.name = format!("n-{}", (one * 3 + number) % 11);
            seen.tags.insert("odd".to_owned(), (one % 2).to_string());
            Sighting::Present(Box::new(seen))
        });
        Instances::new(store, target.0).apply(1, named.collect()).await;
    }
    let by = |key, descending| SortOrder::By { key, descending };
    let orders = [
        SortOrder::Id,
        by(SortKey::Name, false),
        by(SortKey::Name, true),
        by(SortKey::CreatedAt, true),
        by(SortKey::ChangedAt, false),
    ];
    let odd = ResourceFilter { terms: vec![Term::tag("odd", "1")], ..none() };
    let named = ResourceFilter { name: Some("n-3".to_owned()), ..none() };
    for filter in [none(), odd, named] {
        for order in orders {
            let query = |targets: &[TargetId], after, limit| ResourceQuery {
                targets: targets.to_vec(),
                filter: filter.clone(),
                order,
                after,
                limit,
                raw: false,
            };
            let mut all = Vec::new();
            for target in &targets {
                let rows = store.resource_list(query(&[*target], None, 100)).await.unwrap().rows;
                all.extend(rows.iter().map(|row| (order_value(row, order), row.target, row.id)));
            }
            match order {
                SortOrder::By { descending: true, .. } => all.sort_unstable_by(|a, b| b.cmp(a)),
                _ => all.sort_unstable(),
            }
            for limit in [9, 150] {
                let (mut paged, mut after) = (Vec::new(), None);
                loop {
                    let page = store.resource_list(query(&targets, after, limit)).await.unwrap();
                    paged.extend(page.rows.iter().map(|row| (order_value(row, order), row.target, row.id)));
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(paged, all, "{order:?} {filter:?} {limit}");
            }
        }
    }
}

fn order_value(row: &gateway_store::ResourceRow, order: SortOrder) -> String {
    match order {
        SortOrder::By { key: SortKey::Name, .. } => {
            let document: serde_json::Value = serde_json::from_str(&row.document).unwrap();
            document["name"].as_str().unwrap().to_owned()
        }
        SortOrder::By { key: SortKey::ChangedAt, .. } => format!("{:020}", row.changed_at.0),
        _ => String::new(),
    }
}

/// Most rows that a statement for one resource reads, whatever the number of its holders.
const MOST_READ: i64 = 50;

pub async fn resource_of_many_holders_costs_as_much_as_one_of_few(fixture: TestStore) {
    let store = &fixture.store;
    one_account(store).await;
    let mut raw = fixture.sql();
    let one = Instances::new(store, raw.number("SELECT id AS n FROM poll_targets WHERE kind = 'instance'"));
    one.apply(1, vec![present("a", Running)]).await;
    let others = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)";
    raw.execute(&format!(
        "INSERT INTO poll_targets (id, cloud_id, region, holder, kind, lease_epoch, lease_until, due_at, wanted_at, status, \
         interval_ms, failures, agreeing) {others} SELECT 1000 + i, cloud_id, CAST(i AS CHAR), holder, kind, 0, 0, due_at, \
         0, status, 0, 0, 0 FROM poll_targets, n WHERE kind = 'instance'"
    ));
    raw.execute(&format!(
        "INSERT INTO resources (target_id, id, native_key, name, state, version, hash, observed_at, changed_at, document, raw, \
         name_key, created_at, terms) {others} SELECT 1000 + i, id, native_key, name, state, version, hash, observed_at, \
         changed_at, document, raw, name_key, created_at, terms FROM resources, n"
    ));

    let recording = Recording::start(fixture.address());
    let another = fixture.another_process();
    assert_eq!(another.resource_targets(one.id("a"), 20).await.unwrap(), None);
    for raw in [true, false] {
        let targets = vec![TargetId(999), one.target];
        let (row, state) = another.resource_find(one.id("a"), targets, raw).await.unwrap().unwrap();
        assert_eq!((row.target, state.id, row.raw.is_some()), (one.target, one.target, raw));
    }
    assert_eq!(another.resources_get(vec![one.target], vec![one.id("a")]).await.unwrap().len(), 1);
    let statements = Statement::distinct(recording.stop());
    assert!(statements.len() >= 4, "one of each kind");
    for statement in statements {
        let read = raw.rows_read(&statement.sql);
        assert!(read < MOST_READ, "{read} rows: {}", statement.form);
    }
}
