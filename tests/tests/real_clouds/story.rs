//! What the events tell, and that REST and the broker tell the same.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use gateway_tests::until;
use serde_json::Value;

use crate::listings::SOON;
use crate::stage::Stage;

/// All events after a position that are there now, over REST, checked: the broker brought the same ones,
/// positions rise, and the versions of each record follow each other.
pub(crate) async fn after(stage: &Stage, position: i64) -> Vec<Value> {
    let told = stage.client.events(position).await.unwrap();
    let last = told.last().and_then(position_of).unwrap_or(position);
    let ids: BTreeSet<&str> = told.iter().map(id_of).collect();
    assert_eq!(ids.len(), told.len(), "an event came twice over REST");
    until("the broker's events to be those of REST", SOON, || async {
        let heard = stage.subscriber.after(position);
        // What came later than the answer over REST is of no concern here.
        let heard: BTreeSet<&str> =
            heard.iter().filter(|event| position_of(event) <= Some(last)).map(id_of).collect();
        let (missing, more) = (ids.difference(&heard).count(), heard.difference(&ids).count());
        ensure!(missing == 0 && more == 0, "{missing} are missing, {more} are not in REST");
        Ok(())
    })
    .await;
    let positions: Vec<_> = told.iter().map(position_of).collect();
    assert!(positions.is_sorted_by(|a, b| a < b), "positions do not rise over REST");
    versions_follow(&told, "REST");
    versions_follow(&stage.subscriber.after(position), "AMQP");
    told
}

/// Per record, each version is the one before and one.
fn versions_follow(events: &[Value], way: &str) {
    let mut versions: BTreeMap<(String, String), i64> = BTreeMap::new();
    for event in events.iter().filter(|event| event["data"]["version"].is_i64()) {
        let record = (event["subject"].to_string(), event["data"]["account"].to_string());
        let version = event["data"]["version"].as_i64().unwrap();
        if let Some(before) = versions.insert(record, version) {
            assert_eq!(version, before + 1, "over {way}: {event}");
        }
    }
}

/// The last word of an event's type: `created`.
pub(crate) fn change(event: &Value) -> &str {
    event["type"].as_str().and_then(|name| name.rsplit('.').next()).unwrap_or_default()
}

fn id_of(event: &Value) -> &str {
    event["id"].as_str().unwrap_or_default()
}

fn position_of(event: &Value) -> Option<i64> {
    event["data"]["position"].as_i64()
}
