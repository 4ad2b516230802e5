//! Consistency of all kinds with each other, as the driver maps them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use driver_simulator::cloud::Population;
use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::account_view::AccountView;
use crate::clouds::{cloud, session};
use crate::fixtures::cloud_client::CloudClient;

/// Relations without examples in this cloud: no seeded volume has an image, groups and routers serve all networks.
const UNUSED_RELATIONS: [(Kind, &str); 3] =
    [(Kind::Volume, "image"), (Kind::SecurityGroup, "network"), (Kind::Router, "network")];

#[tokio::test]
async fn references_resolve_while_the_cloud_moves() {
    let (clock, simulator) = cloud(Population::default(), 8.0).await;
    let sessions = ["demo", "other"].map(|account| session(&simulator, &clock, account));
    let client = CloudClient::of(&simulator, "demo").await;
    let mut seen = BTreeSet::new();
    let mut states = BTreeSet::new();
    for step in 0..40 {
        for session in &sessions {
            let view = AccountView::of(&**session).await;
            view.check();
            seen.extend(view.relations());
            states
                .extend(view.of_kind(Kind::NetworkInterface).iter().filter_map(|interface| interface.state));
        }
        // Not a multiple of the transit time, so that resources are seen in transitional states.
        clock.advance(Duration::from_millis(1700));
        change_resources(&client, step).await;
    }
    for kind in Kind::ALL.iter().copied() {
        for relation in kind.spec().relations {
            let here = !UNUSED_RELATIONS.contains(&(kind, relation.name));
            assert_eq!(seen.contains(&(kind, relation.name)), here, "{kind}: {}", relation.name);
        }
    }
    assert_eq!(states, ["active", "inactive", "pending"].into());
    let mut present = BTreeMap::new();
    for session in &sessions {
        present.extend(AccountView::of(&**session).await.statuses());
    }
    check_journal(&client.get("/control/journal").await, &present);
    simulator.stop().await;
}

/// Asserts that the journal has the complete history of every resource, up to its present status.
fn check_journal(journal: &Value, present: &BTreeMap<(String, String), Option<String>>) {
    let mut histories: BTreeMap<(String, String), Option<String>> = BTreeMap::new();
    let mut created_and_removed = BTreeSet::new();
    for line in journal["lines"].as_array().unwrap() {
        let text = |key: &str| line[key].as_str().map(str::to_owned);
        let key = (text("kind").unwrap(), text("id").unwrap());
        created_and_removed.extend(line["from"].is_null().then(|| (key.0.clone(), "created")));
        created_and_removed.extend(line["to"].is_null().then(|| (key.0.clone(), "removed")));
        if let Some(before) = histories.insert(key, text("to")) {
            assert_eq!(before, text("from"), "{line}");
        }
    }
    for (key, status) in &histories {
        match (status, present.get(key)) {
            (Some(reported), Some(Some(shown))) => assert_eq!(reported, shown, "{key:?}"),
            // The kind has no states.
            (Some(_), Some(None)) | (None, None) => {}
            (reported, shown) => panic!("{key:?} is reported as {reported:?} and shown as {shown:?}"),
        }
    }
    for kind in [
        "instance",
        "volume",
        "volume_snapshot",
        "volume_attachment",
        "network_interface",
        "ip_address",
        "ip_address_binding",
    ] {
        for end in ["created", "removed"] {
            assert!(created_and_removed.contains(&(kind.to_owned(), end)), "no {kind} was {end}");
        }
    }
}

/// Creates, attaches, detaches or deletes a resource, one of them in each step.
async fn change_resources(client: &CloudClient, step: usize) {
    let with = async |collection: &str, status: &str| -> Vec<String> {
        let page = client.get(&format!("/v1/north/{collection}?limit=1000")).await;
        let items = page["items"].as_array().unwrap().iter().filter(|item| item["status"] == status);
        items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let (free, attached) = (with("volumes", "FREE").await, with("volumes", "ATTACHED").await);
    let (whole, active) = (with("volume_snapshots", "WHOLE").await, with("instances", "ACTIVE").await);
    match (step % 6, &*free, &*attached, &*whole, &*active) {
        (0, [.., volume], _, _, [.., instance]) => {
            client.post(&format!("/v1/north/volumes/{volume}/attach"), json!({ "instance": instance })).await;
        }
        (1, _, [volume, ..], _, _) => {
            client.post(&format!("/v1/north/volumes/{volume}/detach"), json!({})).await;
        }
        (2, _, [volume, ..], _, _) => {
            client.post("/v1/north/volume_snapshots", json!({ "name": "before", "volume": volume })).await;
        }
        (3, _, _, [.., snapshot], _) => {
            client.post("/v1/north/volumes", json!({ "name": "again", "snapshot": snapshot })).await;
        }
        (4, [volume, ..], ..) => {
            let path = format!("/v1/north/volumes/{volume}");
            assert_eq!(client.send(Method::DELETE, &path, None).await.0, StatusCode::ACCEPTED);
        }
        (5, _, _, [.., snapshot], _) => {
            let path = format!("/v1/north/volume_snapshots/{snapshot}");
            assert_eq!(client.send(Method::DELETE, &path, None).await.0, StatusCode::ACCEPTED);
        }
        // No resource allows this step now.
        _ => {}
    }
}

#[tokio::test]
async fn vanish_removes_derived_resources() {
    let population = Population { instances: 30, volumes: 30, snapshots: 20, ..Population::default() };
    let (clock, simulator) = cloud(population, 0.0).await;
    let session = session(&simulator, &clock, "demo");
    let client = CloudClient::of(&simulator, "demo").await;
    let before = AccountView::of(&*session).await;
    before.check();
    for kind in ["volume", "instance", "volume_snapshots"] {
        client.post("/control/vanish", json!({ "kind": kind, "count": 12 })).await;
        AccountView::of(&*session).await.check();
    }
    let after = AccountView::of(&*session).await;
    let counts = |kind: Kind| (before.of_kind(kind).len(), after.of_kind(kind).len());
    assert_eq!(counts(Kind::Instance), (30, 18));
    // The four interfaces of the router remain.
    assert_eq!(counts(Kind::NetworkInterface), (34, 22));
    for kind in [Kind::IpAddress, Kind::IpAddressBinding, Kind::VolumeAttachment] {
        assert!(counts(kind).0 > counts(kind).1, "{kind}: {:?}", counts(kind));
    }
    for kind in ["network_interface", "quota", "networks", "nothing"] {
        let body = json!({ "kind": kind, "count": 1 });
        let (status, _) = client.send(Method::POST, "/control/vanish", Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{kind}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn cloud_without_instances_is_consistent() {
    let population =
        Population { instances: 0, volumes: 0, networks: 5, snapshots: 3, ..Population::default() };
    let (clock, simulator) = cloud(population, 0.0).await;
    let view = AccountView::of(&*session(&simulator, &clock, "other")).await;
    view.check();
    let counted: BTreeMap<Kind, usize> =
        Kind::ALL.iter().copied().map(|kind| (kind, view.of_kind(kind).len())).collect();
    // The external network and its subnet belong to the cloud.
    assert_eq!(
        (counted[&Kind::Network], counted[&Kind::Subnet], counted[&Kind::NetworkInterface]),
        (6, 11, 10)
    );
    for empty in
        [Kind::Instance, Kind::Volume, Kind::VolumeSnapshot, Kind::VolumeAttachment, Kind::IpAddressBinding]
    {
        assert_eq!(counted[&empty], 0, "{empty}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn cloud_without_networks_has_no_interfaces_and_addresses() {
    let (clock, simulator) = cloud(Population { networks: 0, ..Population::default() }, 20.0).await;
    let session = session(&simulator, &clock, "demo");
    clock.advance(Duration::from_secs(10));
    let view = AccountView::of(&*session).await;
    for empty in [Kind::Router, Kind::NetworkInterface, Kind::IpAddress, Kind::IpAddressBinding] {
        assert!(view.of_kind(empty).is_empty(), "{empty}");
    }
    let named = |record: &Observed| record.fields["public_ip_addresses"] != json!([]);
    assert!(
        !view.of_kind(Kind::Instance).iter().any(named) && !view.of_kind(Kind::VolumeAttachment).is_empty()
    );
    let client = CloudClient::of(&simulator, "demo").await;
    let journal = client.get("/control/journal").await;
    let kinds = journal["lines"].as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap());
    let kinds: BTreeSet<_> = kinds.collect();
    assert!(kinds.contains("instance") && !kinds.contains("network_interface"), "{kinds:?}");
    simulator.stop().await;
}
