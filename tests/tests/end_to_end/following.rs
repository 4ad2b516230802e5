//! List, then follow: no gap, over REST and over AMQP, while the cloud moves.

use std::collections::BTreeSet;

use anyhow::ensure;
use gateway_tests::{Cluster, until};
use serde_json::{Value, json};

use crate::replay::Replay;
use crate::stage::{SOON, Stage, collections};
use crate::subscriber::Subscriber;

const KINDS: [(&str, &str); 2] = [("instance", "instances"), ("volume", "volumes")];

/// Events after which there was enough movement.
const ENOUGH: usize = 40;

#[tokio::test]
async fn a_list_and_the_events_after_it_are_the_present() {
    let plan = Cluster::plan("following")
        .handlers(2)
        .pollers(2)
        // A position that a handler remembers is right, and older: what was published in that second went to nobody
        // who was bound later, and the two ways would differ by it.
        .set("handler.authority_milliseconds", 0);
    let moving = ["--movement", "4", "--transit-seconds", "1.5"];
    let stage = Stage::with_cloud(plan, &moving).await;
    let subscriber = Subscriber::to_everything(&stage.cluster.vhost).await;
    let mut lists = Vec::new();
    for (kind, collection) in KINDS {
        lists.push((kind, collection, stage.client.list(collection, &[("limit", "7")]).await.unwrap()));
    }
    let start = lists.iter().map(|(_, _, listing)| listing.position).min().unwrap();
    until("movement", SOON, || async {
        let events = stage.client.events(start).await?;
        ensure!(events.len() >= ENOUGH, "{} events", events.len());
        for (kind, _) in KINDS {
            ensure!(events.iter().any(|event| event["data"]["kind"] == kind), "no {kind} has moved");
        }
        Ok(())
    })
    .await;
    still(&stage).await;

    for (kind, collection, listing) in &lists {
        let (events, present) = until("the last event", SOON, || async {
            let events = stage.client.events(listing.position).await?;
            let mut followed = Replay::of(kind, listing);
            events.iter().for_each(|event| followed.apply(event));
            let present = Replay::of(kind, &stage.client.list(collection, &[]).await?);
            ensure!(followed.held() == present.held(), "{} events so far", events.len());
            Ok((events, present))
        })
        .await;
        events.iter().for_each(check_event);
        assert_ne!(Replay::of(kind, listing).held(), present.held(), "{kind}: nothing has moved");
    }
    same_by_amqp(&stage, &subscriber, start).await;
}

/// Stops the world: the gateway sees nothing of the cloud any more, so that what it holds stays as it is.
async fn still(stage: &Stage) {
    stage.simulator.faults(json!([{"fault": "server_error"}])).await;
    for collection in collections() {
        until("polling to fail", SOON, || async {
            let scopes = stage.client.page(collection, &[("limit", "1")]).await?.scopes;
            ensure!(scopes.iter().all(|scope| scope["status"] == "failed"), "{scopes:?}");
            Ok(())
        })
        .await;
    }
}

/// The broker brought the same events, in the order of their versions per record.
async fn same_by_amqp(stage: &Stage, subscriber: &Subscriber, start: i64) {
    // What was bound before the list has all that came after it.
    let told = stage.client.events(start).await.unwrap();
    let ids = |events: &[Value]| events.iter().map(|event| event["id"].to_string()).collect::<BTreeSet<_>>();
    let heard = until("the same events by AMQP", SOON, || async {
        let heard = subscriber.after(start);
        let (told_ids, heard_ids) = (ids(&told), ids(&heard));
        let unheard = told.iter().find(|event| !heard_ids.contains(&event["id"].to_string()));
        ensure!(unheard.is_none(), "{} of {} heard, not {unheard:?}", heard_ids.len(), told_ids.len());
        ensure!(told_ids == heard_ids, "more heard than told");
        Ok(heard)
    })
    .await;
    heard.iter().for_each(check_event);
    let positions = |events: &[Value]| -> Vec<Option<i64>> {
        events.iter().map(|event| event["data"]["position"].as_i64()).collect()
    };
    assert!(positions(&told).is_sorted_by(|a, b| a < b), "positions do not rise over REST");
    let mut versions = std::collections::BTreeMap::new();
    for event in heard.iter().filter(|event| event["data"]["version"].is_i64()) {
        let version = event["data"]["version"].as_i64().unwrap();
        let record = (event["subject"].to_string(), event["data"]["account"].to_string());
        if let Some(before) = versions.insert(record, version) {
            assert_eq!(version, before + 1, "out of order: {event}");
        }
    }
}

/// The fixed shape: CloudEvents 1.0, and what the gateway puts in.
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
