//! All kinds of the simulated cloud, as the driver tells them, agree with each other at every moment.

#![allow(clippy::unwrap_used)] // also in what tests share

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use driver_simulator::server::{AccountOption, Population};
use driver_simulator::{RunningSimulator, Simulator, SimulatorDriver, SimulatorOptions};
use gateway_core::access::credential::Credential;
use gateway_core::clock::ManualClock;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Driver, Session, SessionContext};
use gateway_core::secret::Secret;
use gateway_core::{Kind, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

mod sight;
mod support;
use sight::Sight;
use support::user::User;

/// Relations that this cloud has nothing for: its volumes are not made from images, its groups serve all networks.
const NOT_HERE: [(&str, &str); 3] =
    [("volume", "image"), ("security_group", "network"), ("router", "network")];

async fn cloud(population: Population, movement: f64) -> (Arc<ManualClock>, RunningSimulator) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    let accounts =
        vec![AccountOption::new("demo", "demo-secret"), AccountOption::new("other", "other-secret")];
    let options = SimulatorOptions {
        clock: clock.clone(),
        accounts,
        population,
        movement,
        // Longer than any test: nobody logs in twice.
        token_life: Duration::from_secs(1_000_000),
        ..SimulatorOptions::default()
    };
    (clock, Simulator::start(options).await.unwrap())
}

fn session(simulator: &RunningSimulator, clock: &Arc<ManualClock>, account: &str) -> Arc<dyn Session> {
    let credential = Credential::AccessKey {
        access_key_id: account.to_owned(),
        secret_access_key: Secret::new(format!("{account}-secret")),
        session_token: None,
    };
    let cloud = Arc::new(support::registration(simulator));
    SimulatorDriver.open(cloud, credential, SessionContext::unpaced(clock.clone())).unwrap()
}

#[tokio::test]
async fn what_a_document_names_is_there_while_the_cloud_moves() {
    let (clock, simulator) = cloud(Population::default(), 8.0).await;
    let sessions = ["demo", "other"].map(|account| session(&simulator, &clock, account));
    let user = User::of(&simulator, "demo").await;
    let mut met = BTreeSet::new();
    let mut states = BTreeSet::new();
    for step in 0..40 {
        for session in &sessions {
            let sight = Sight::of(&**session).await;
            sight.check();
            met.extend(sight.relations());
            states.extend(sight.of_kind("network_interface").iter().filter_map(|plug| plug.state));
        }
        // No multiple of the transit time: what is seen is between two states.
        clock.advance(Duration::from_millis(1700));
        unrest(&user, step).await;
    }
    for kind in Kind::ALL.iter().copied() {
        for relation in kind.spec().relations {
            let here = !NOT_HERE.contains(&(kind.as_str(), relation.name));
            assert_eq!(met.contains(&(kind, relation.name)), here, "{kind}: {}", relation.name);
        }
    }
    assert_eq!(states, ["active", "inactive", "pending"].into());
    let mut present = BTreeMap::new();
    for session in &sessions {
        present.extend(Sight::of(&**session).await.statuses());
    }
    check_journal(&user.get("/control/journal").await, &present);
    simulator.stop().await;
}

/// The journal tells lives without a gap, of what follows others too, and they lead to what is there.
fn check_journal(journal: &Value, present: &BTreeMap<(String, String), Option<String>>) {
    let mut lives: BTreeMap<(String, String), Option<String>> = BTreeMap::new();
    let mut made_and_gone = BTreeSet::new();
    for line in journal["lines"].as_array().unwrap() {
        let text = |key: &str| line[key].as_str().map(str::to_owned);
        let key = (text("kind").unwrap(), text("id").unwrap());
        made_and_gone.extend(line["from"].is_null().then(|| (key.0.clone(), "made")));
        made_and_gone.extend(line["to"].is_null().then(|| (key.0.clone(), "gone")));
        if let Some(before) = lives.insert(key, text("to")) {
            assert_eq!(before, text("from"), "{line}");
        }
    }
    for (key, status) in &lives {
        match (status, present.get(key)) {
            (Some(told), Some(Some(shown))) => assert_eq!(told, shown, "{key:?}"),
            // Of a kind without states.
            (Some(_), Some(None)) | (None, None) => {}
            (told, shown) => panic!("{key:?} is told as {told:?} and shown as {shown:?}"),
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
        for end in ["made", "gone"] {
            assert!(made_and_gone.contains(&(kind.to_owned(), end)), "no {kind} was {end}");
        }
    }
}

/// What the account does besides what chance does: each step makes, ties, unties and removes something.
async fn unrest(user: &User, step: usize) {
    let with = async |collection: &str, status: &str| -> Vec<String> {
        let page = user.get(&format!("/v1/north/{collection}?limit=1000")).await;
        let items = page["items"].as_array().unwrap().iter().filter(|item| item["status"] == status);
        items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let (free, attached) = (with("volumes", "FREE").await, with("volumes", "ATTACHED").await);
    let (whole, active) = (with("volume_snapshots", "WHOLE").await, with("instances", "ACTIVE").await);
    match (step % 6, &*free, &*attached, &*whole, &*active) {
        (0, [.., volume], _, _, [.., instance]) => {
            user.post(&format!("/v1/north/volumes/{volume}/attach"), json!({ "instance": instance })).await;
        }
        (1, _, [volume, ..], _, _) => {
            user.post(&format!("/v1/north/volumes/{volume}/detach"), json!({})).await;
        }
        (2, _, [volume, ..], _, _) => {
            user.post("/v1/north/volume_snapshots", json!({ "name": "before", "volume": volume })).await;
        }
        (3, _, _, [.., snapshot], _) => {
            user.post("/v1/north/volumes", json!({ "name": "again", "snapshot": snapshot })).await;
        }
        (4, [volume, ..], ..) => {
            let path = format!("/v1/north/volumes/{volume}");
            assert_eq!(user.send(Method::DELETE, &path, None).await.0, StatusCode::ACCEPTED);
        }
        (5, _, _, [.., snapshot], _) => {
            let path = format!("/v1/north/volume_snapshots/{snapshot}");
            assert_eq!(user.send(Method::DELETE, &path, None).await.0, StatusCode::ACCEPTED);
        }
        // Nothing to do it with at this step.
        _ => {}
    }
}

#[tokio::test]
async fn what_vanishes_takes_with_it_what_follows() {
    let population = Population { instances: 30, volumes: 30, snapshots: 20, ..Population::default() };
    let (clock, simulator) = cloud(population, 0.0).await;
    let session = session(&simulator, &clock, "demo");
    let user = User::of(&simulator, "demo").await;
    let before = Sight::of(&*session).await;
    before.check();
    for kind in ["volume", "instance", "volume_snapshots"] {
        user.post("/control/vanish", json!({ "kind": kind, "count": 12 })).await;
        Sight::of(&*session).await.check();
    }
    let after = Sight::of(&*session).await;
    let counts = |kind: &str| (before.of_kind(kind).len(), after.of_kind(kind).len());
    assert_eq!(counts("instance"), (30, 18));
    // The router's four stay.
    assert_eq!(counts("network_interface"), (34, 22));
    for kind in ["ip_address", "ip_address_binding", "volume_attachment"] {
        assert!(counts(kind).0 > counts(kind).1, "{kind}: {:?}", counts(kind));
    }
    for kind in ["network_interface", "quota", "networks", "nothing"] {
        let body = json!({ "kind": kind, "count": 1 });
        let (status, _) = user.send(Method::POST, "/control/vanish", Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{kind}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn a_cloud_without_instances_and_with_many_networks_agrees_too() {
    let population =
        Population { instances: 0, volumes: 0, networks: 5, snapshots: 3, ..Population::default() };
    let (clock, simulator) = cloud(population, 0.0).await;
    let sight = Sight::of(&*session(&simulator, &clock, "other")).await;
    sight.check();
    let counted: BTreeMap<&str, usize> =
        Kind::ALL.iter().copied().map(|kind| (kind.as_str(), sight.of_kind(kind.as_str()).len())).collect();
    // The network to the outside and its subnet are the cloud's.
    assert_eq!((counted["network"], counted["subnet"], counted["network_interface"]), (6, 11, 10));
    for nothing in ["instance", "volume", "volume_snapshot", "volume_attachment", "ip_address_binding"] {
        assert_eq!(counted[nothing], 0, "{nothing}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn without_networks_there_is_nothing_in_them() {
    let (clock, simulator) = cloud(Population { networks: 0, ..Population::default() }, 20.0).await;
    let session = session(&simulator, &clock, "demo");
    clock.advance(Duration::from_secs(10));
    let sight = Sight::of(&*session).await;
    for nothing in ["router", "network_interface", "ip_address", "ip_address_binding"] {
        assert!(sight.of_kind(nothing).is_empty(), "{nothing}");
    }
    let named = |record: &Observed| record.fields["public_ip_addresses"] != json!([]);
    assert!(!sight.of_kind("instance").iter().any(named) && !sight.of_kind("volume_attachment").is_empty());
    let user = User::of(&simulator, "demo").await;
    let journal = user.get("/control/journal").await;
    let kinds = journal["lines"].as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap());
    let kinds: BTreeSet<_> = kinds.collect();
    assert!(kinds.contains("instance") && !kinds.contains("network_interface"), "{kinds:?}");
    simulator.stop().await;
}

#[tokio::test]
async fn a_disk_in_another_machine_is_another_attachment() {
    let (clock, simulator) = cloud(Population::default(), 0.0).await;
    let demo = session(&simulator, &clock, "demo");
    let user = User::of(&simulator, "demo").await;
    let sight = Sight::of(&*demo).await;
    let attachment = sight.of_kind("volume_attachment")[0].clone();
    let kind = attachment.kind;
    let get = async |session: &Arc<dyn Session>, kind, key: &str| {
        session.get(&sight::north(), kind, key).await.unwrap().map(|found| found.native_key)
    };
    assert_eq!(get(&demo, kind, &attachment.native_key).await, Some(attachment.native_key.clone()));
    let holder = &attachment.fields["instance"]["external_id"];
    let another = sight.of_kind("instance").iter().find(|instance| *holder != instance.external_id).unwrap();
    let volume = attachment.fields["volume"]["external_id"].as_str().unwrap();
    user.post(&format!("/v1/north/volumes/{volume}/detach"), json!({})).await;
    assert_eq!(get(&demo, kind, &attachment.native_key).await, None);
    let to = json!({ "instance": another.external_id });
    user.post(&format!("/v1/north/volumes/{volume}/attach"), to).await;
    assert_eq!(get(&demo, kind, &attachment.native_key).await, None);
    let now = format!("{}/{}", attachment.external_id, another.external_id);
    assert_eq!(get(&demo, kind, &now).await, Some(now.clone()));

    // Quotas have the same ids in every account, and one account does not read the other's.
    let quota = &sight.of_kind("quota")[0];
    let other = session(&simulator, &clock, "other");
    assert_eq!(get(&demo, quota.kind, &quota.native_key).await, Some(quota.native_key.clone()));
    assert_eq!(get(&other, quota.kind, &quota.native_key).await, None);
    simulator.stop().await;
}
