//! Events after a list: no gap, over REST and over AMQP, while the cloud changes.

use std::collections::BTreeSet;

use anyhow::ensure;
use gateway_tests::{TestCluster, until};
use serde_json::{Value, json};

use crate::environment::{Environment, SOON, collections};
use crate::replay::Replay;
use crate::subscriber::Subscriber;

const KINDS: [(&str, &str); 2] = [("instance", "instances"), ("volume", "volumes")];

/// The least number of events.
const MIN_EVENTS: usize = 40;

#[tokio::test]
async fn list_and_later_events_equal_current_list() {
    let builder = TestCluster::builder("events")
        .handlers(2)
        .pollers(2)
        // A cached position may be a second old. Events of that second were published before the subscriber was
        // bound, and REST and AMQP would differ.
        .set("handler.authority_milliseconds", 0);
    let moving = ["--movement", "4", "--transit-seconds", "1.5"];
    let env = Environment::with_cloud(builder, &moving).await;
    let subscriber = Subscriber::to_everything(&env.cluster.vhost).await;
    let mut lists = Vec::new();
    for (kind, collection) in KINDS {
        lists.push((kind, collection, env.client.list(collection, &[("limit", "7")]).await.unwrap()));
    }
    let start = lists.iter().map(|(_, _, listing)| listing.position).min().unwrap();
    until("changes", SOON, || async {
        let events = env.client.events(start).await?;
        ensure!(events.len() >= MIN_EVENTS, "{} events", events.len());
        for (kind, _) in KINDS {
            ensure!(events.iter().any(|event| event["data"]["kind"] == kind), "no {kind} has changed");
        }
        Ok(())
    })
    .await;
    stop_changes(&env).await;

    for (kind, collection, listing) in &lists {
        let (events, present) = until("the last event", SOON, || async {
            let events = env.client.events(listing.position).await?;
            let mut followed = Replay::of(kind, listing);
            events.iter().for_each(|event| followed.apply(event));
            let present = Replay::of(kind, &env.client.list(collection, &[]).await?);
            ensure!(followed.held() == present.held(), "{} events so far", events.len());
            Ok((events, present))
        })
        .await;
        events.iter().for_each(check_event);
        assert_ne!(Replay::of(kind, listing).held(), present.held(), "{kind}: nothing has changed");
    }
    assert_same_over_amqp(&env, &subscriber, start).await;
}

/// Makes all polls fail, so that the store no longer changes.
async fn stop_changes(env: &Environment) {
    env.simulator.faults(json!([{"fault": "server_error"}])).await;
    for collection in collections() {
        until("polling to fail", SOON, || async {
            let scopes = env.client.page(collection, &[("limit", "1")]).await?.scopes;
            ensure!(scopes.iter().all(|scope| scope["status"] == "failed"), "{scopes:?}");
            Ok(())
        })
        .await;
    }
}

/// Asserts that the broker delivered the same events, in order of versions per record.
async fn assert_same_over_amqp(env: &Environment, subscriber: &Subscriber, start: i64) {
    // The subscriber was bound before the list.
    let listed = env.client.events(start).await.unwrap();
    let ids = |events: &[Value]| events.iter().map(|event| event["id"].to_string()).collect::<BTreeSet<_>>();
    let delivered = until("the same events by AMQP", SOON, || async {
        let delivered = subscriber.after(start);
        let (listed_ids, delivered_ids) = (ids(&listed), ids(&delivered));
        let undelivered = listed.iter().find(|event| !delivered_ids.contains(&event["id"].to_string()));
        ensure!(
            undelivered.is_none(),
            "{} of {} delivered, not {undelivered:?}",
            delivered_ids.len(),
            listed_ids.len()
        );
        ensure!(listed_ids == delivered_ids, "more events over AMQP than over REST");
        Ok(delivered)
    })
    .await;
    delivered.iter().for_each(check_event);
    let positions = |events: &[Value]| -> Vec<Option<i64>> {
        events.iter().map(|event| event["data"]["position"].as_i64()).collect()
    };
    assert!(positions(&listed).is_sorted_by(|a, b| a < b), "positions do not rise over REST");
    let mut versions = std::collections::BTreeMap::new();
    for event in delivered.iter().filter(|event| event["data"]["version"].is_i64()) {
        let version = event["data"]["version"].as_i64().unwrap();
        let record = (event["subject"].to_string(), event["data"]["account"].to_string());
        if let Some(before) = versions.insert(record, version) {
            assert_eq!(version, before + 1, "out of order: {event}");
        }
    }
}

/// Asserts the fixed form: CloudEvents 1.0 and the data of the gateway.
fn check_event(event: &Value) {
    assert_eq!(event["specversion"], "1.0", "{event}");
    for key in ["id", "source", "type", "time", "subject"] {
        assert!(event[key].as_str().is_some_and(|text| !text.is_empty()), "no {key}: {event}");
    }
    let data = &event["data"];
    assert!(data["position"].as_i64().is_some_and(|position| position > 0), "{event}");
    let named = event["type"].as_str().unwrap();
    let Some(change) = named.strip_prefix("gateway.resource.") else {
        assert_eq!(named, "gateway.grant.changed", "{event}");
        return;
    };
    assert!(["created", "changed", "state_changed", "deleted"].contains(&change), "{event}");
    for key in ["version", "kind", "cloud", "region", "account", "old_state", "new_state", "resource"] {
        assert!(data.get(key).is_some(), "no {key}: {event}");
    }
    assert_eq!(data["resource"].is_null(), change == "deleted", "{event}");
    if change != "deleted" {
        assert_eq!(data["resource"]["id"], event["subject"], "{event}");
        assert_eq!(data["resource"]["version"], data["version"], "{event}");
        assert_eq!(data["resource"]["state"], data["new_state"], "{event}");
    }
    if change == "state_changed" {
        assert_ne!(data["old_state"], data["new_state"], "{event}");
    }
}
