//! Consistency of cloud, store, events and journal after all creates.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::ensure;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gateway_tests::{Client, Simulator, TestCluster, until};
use serde_json::Value;

use crate::callers::Created;
use crate::{ACCOUNT, Size};

/// The time for operations that are still running after the last create.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Compares the creates in all four places. Returns the counts as text.
pub(crate) async fn check(
    client: &Client,
    simulator: &Simulator,
    cluster: &TestCluster,
    position: i64,
    created: &[Created],
    size: Size,
) -> String {
    let expected: BTreeSet<_> = created.iter().map(|one| (one.name.clone(), one.id.clone())).collect();
    assert_eq!(expected.len(), size.creates, "every create has its own name and id");
    let ids: BTreeSet<_> = expected.iter().map(|(_, id)| id.clone()).collect();
    assert_eq!(ids.len(), size.creates, "ids are distinct");

    let in_cloud = simulator.listing("north", "instances", "own", ACCOUNT).await;
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for name in in_cloud.iter().filter_map(|item| item["name"].as_str()).filter(|name| is_ours(name)) {
        *by_name.entry(name.to_owned()).or_default() += 1;
    }
    let repeated: Vec<_> = by_name.iter().filter(|(_, count)| **count != 1).collect();
    assert!(repeated.is_empty(), "created more than once: {repeated:?}");
    assert_eq!(by_name.len(), size.creates, "created in the cloud");

    let created = until("store and events to agree", SETTLE_TIMEOUT, || async {
        let items = client.list("instances", &[]).await?.items;
        let of_ours = |item: &&Value| item["name"].as_str().is_some_and(is_ours);
        let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let stored: BTreeSet<_> =
            items.iter().filter(of_ours).map(|item| (text(item, "name"), text(item, "id"))).collect();
        ensure!(
            stored == expected,
            "{} in the store: {:?}",
            stored.len(),
            expected.symmetric_difference(&stored)
        );
        let events = client.events(position).await?;
        let created = events.iter().filter(|event| event["type"] == "gateway.resource.created");
        let subjects: Vec<_> =
            created.map(|event| text(event, "subject")).filter(|id| ids.contains(id)).collect();
        let distinct: BTreeSet<_> = subjects.iter().collect();
        ensure!(distinct.len() == ids.len(), "{} of {} created events", distinct.len(), ids.len());
        Ok(subjects.len())
    })
    .await;
    assert_eq!(created, size.creates, "one `created` event each");

    let open = until("every operation to end", SETTLE_TIMEOUT, || async {
        let mut open = 0;
        for state in ["accepted", "running", "unknown"] {
            let page = client.get(&format!("/v1/operations?state={state}&limit=500")).await?;
            let items = page["items"].as_array().cloned().unwrap_or_default();
            open += items.iter().filter(|one| one["verb"] == "create" && one["over"] != true).count();
        }
        ensure!(open == 0, "{open} are open");
        Ok(open)
    })
    .await;
    let mut database = cluster.database.connect();
    let mut count = |text: &str| {
        let row = diesel::sql_query(text).get_result::<Count>(&mut database);
        row.unwrap_or_else(|error| panic!("{text}: {error}")).n
    };
    let creates = "FROM operations WHERE verb = 'create'";
    let journaled = count(&format!("SELECT COUNT(*) AS n {creates} AND state = 'succeeded'"));
    let others = count(&format!("SELECT COUNT(*) AS n {creates} AND state <> 'succeeded'"));
    let taken_up = count(&format!("SELECT COUNT(*) AS n {creates} AND lease_epoch > 1"));
    assert_eq!((journaled, others), (size.creates as i64, 0), "succeeded and other operations");
    format!(
        "{} in the cloud, {} in the store, {created} created events, {journaled} operations succeeded ({taken_up} taken over), {open} open",
        by_name.len(),
        expected.len(),
    )
}

fn is_ours(name: &str) -> bool {
    name.starts_with("once-")
}
