//! Events over REST, compared with the events on the broker.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use gateway_tests::until;
use serde_json::Value;

use crate::environment::Environment;
use crate::listings::SOON;

/// Returns the present events after a position over REST. Asserts that the broker delivered the same events, that
/// positions rise, and that versions of each record have no gap.
pub(crate) async fn after(env: &Environment, position: i64) -> Vec<Value> {
    let reported = env.client.events(position).await.unwrap();
    let last = reported.last().and_then(position_of).unwrap_or(position);
    let ids: BTreeSet<&str> = reported.iter().map(id_of).collect();
    assert_eq!(ids.len(), reported.len(), "an event is repeated over REST");
    until("the broker's events to be those of REST", SOON, || async {
        let delivered = env.subscriber.after(position);
        // Ignores events that are newer than the REST answer.
        let delivered: BTreeSet<&str> =
            delivered.iter().filter(|event| position_of(event) <= Some(last)).map(id_of).collect();
        let (missing, more) = (ids.difference(&delivered).count(), delivered.difference(&ids).count());
        ensure!(missing == 0 && more == 0, "{missing} are missing, {more} are not in REST");
        Ok(())
    })
    .await;
    let positions: Vec<_> = reported.iter().map(position_of).collect();
    assert!(positions.is_sorted_by(|a, b| a < b), "positions do not rise over REST");
    assert_versions_increase(&reported, "REST");
    assert_versions_increase(&env.subscriber.after(position), "AMQP");
    reported
}

/// Asserts that the versions of each record increase by one.
fn assert_versions_increase(events: &[Value], way: &str) {
    let mut versions: BTreeMap<(String, String), i64> = BTreeMap::new();
    for event in events.iter().filter(|event| event["data"]["version"].is_i64()) {
        let record = (event["subject"].to_string(), event["data"]["account"].to_string());
        let version = event["data"]["version"].as_i64().unwrap();
        if let Some(before) = versions.insert(record, version) {
            assert_eq!(version, before + 1, "over {way}: {event}");
        }
    }
}

/// Returns the last part of the event type, such as `created`.
pub(crate) fn change(event: &Value) -> &str {
    event["type"].as_str().and_then(|name| name.rsplit('.').next()).unwrap_or_default()
}

fn id_of(event: &Value) -> &str {
    event["id"].as_str().unwrap_or_default()
}

fn position_of(event: &Value) -> Option<i64> {
    event["data"]["position"].as_i64()
}
