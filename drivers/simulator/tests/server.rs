//! The simulated cloud by itself, asked over HTTP.

#![allow(clippy::unwrap_used)] // also in what tests share

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use driver_simulator::server::{AccountOption, Population};
use driver_simulator::{Simulator, SimulatorOptions, canonical_state};
use gateway_core::clock::ManualClock;
use gateway_core::{Kind, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::json;

mod support;
use support::user::User;

fn manual() -> (Arc<ManualClock>, SimulatorOptions) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    let options = SimulatorOptions { clock: clock.clone(), ..SimulatorOptions::default() };
    (clock, options)
}

/// Where the own and the published resources of a kind are listed.
fn listings(kind: Kind) -> [String; 2] {
    ["own", "published"].map(|scope| format!("/v1/north/{}?limit=1000&scope={scope}", kind.spec().plural))
}

#[tokio::test]
async fn a_still_cloud_is_the_same_byte_for_byte_and_so_is_its_next_start() {
    let mut texts = Vec::new();
    for _ in 0..2 {
        let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
        let user = User::of(&simulator, "demo").await;
        for _ in 0..2 {
            let mut text = String::new();
            for path in Kind::ALL.iter().copied().flat_map(listings) {
                text += &user.text(&path).await;
            }
            texts.push(text);
        }
        simulator.stop().await;
    }
    assert!(texts[0].contains("\"ACTIVE\"") && texts.iter().all(|text| *text == texts[0]));
}

#[tokio::test]
async fn an_instance_lives_as_it_is_told_and_the_journal_knows() {
    let (clock, options) = manual();
    let transit = options.transit;
    let simulator = Simulator::start(options).await.unwrap();
    let user = User::of(&simulator, "demo").await;
    let made = user.post("/v1/north/instances", json!({ "name": "mine", "labels": { "a": "b" } })).await;
    let path = format!("/v1/north/instances/{}", made["id"].as_str().unwrap());
    let status = async || user.get(&path).await["status"].as_str().unwrap().to_owned();
    assert_eq!(status().await, "BOOTING");
    let early = user.send(Method::POST, &format!("{path}/stop"), None).await;
    assert_eq!(early.0, StatusCode::CONFLICT);
    for (command, between, after) in [
        ("", "BOOTING", "ACTIVE"),
        ("stop", "HALTING", "HALTED"),
        ("start", "WAKING", "ACTIVE"),
        ("reboot", "CYCLING", "ACTIVE"),
    ] {
        if !command.is_empty() {
            user.post(&format!("{path}/{command}"), json!({})).await;
        }
        assert_eq!(status().await, between);
        clock.advance(transit);
        assert_eq!(status().await, after);
    }
    assert_eq!(user.send(Method::DELETE, &path, None).await.0, StatusCode::ACCEPTED);
    clock.advance(transit);
    assert_eq!(status().await, "REMOVED");
    clock.advance(transit);
    assert_eq!(user.send(Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
    let journal = user.get("/control/journal").await;
    let lines = journal["lines"].as_array().unwrap();
    let told = |kind: &str| -> Vec<Option<&str>> {
        lines.iter().filter(|line| line["kind"] == kind).map(|line| line["to"].as_str()).collect()
    };
    let lived = [
        "BOOTING", "ACTIVE", "HALTING", "HALTED", "WAKING", "ACTIVE", "CYCLING", "ACTIVE", "REMOVING",
        "REMOVED",
    ];
    assert_eq!(told("instance"), lived.into_iter().map(Some).chain([None]).collect::<Vec<_>>());
    let followed = ["PLUGGING", "LIVE", "DARK", "PLUGGING", "LIVE", "DARK"];
    assert_eq!(told("network_interface"), followed.into_iter().map(Some).chain([None]).collect::<Vec<_>>());
    simulator.stop().await;
}

#[tokio::test]
async fn what_moves_follows_the_transition_table_and_keeps_its_size() {
    let (clock, options) = manual();
    let simulator = Simulator::start(SimulatorOptions { movement: 20.0, ..options }).await.unwrap();
    let user = User::of(&simulator, "demo").await;
    for _ in 0..300 {
        clock.advance(Duration::from_secs(1));
        user.get("/v1/north/instances?limit=1").await;
    }
    let journal = user.get("/control/journal?limit=100000").await;
    let lines = journal["lines"].as_array().unwrap();
    assert!(lines.len() > 1000, "{} lines", lines.len());
    let mut states: BTreeMap<&str, &str> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for line in lines {
        let (id, kind) = (line["id"].as_str().unwrap(), line["kind"].as_str().unwrap());
        let kind = Kind::parse(kind).unwrap();
        let canonical = |key: &str| line[key].as_str().and_then(|status| canonical_state(kind, status));
        let Some(to) = canonical("to") else {
            let last = (kind.as_str() == "instance").then_some("terminated");
            assert!(last.is_none() || states.get(id).copied() == last, "{line}");
            continue;
        };
        if let Some(from) = canonical("from") {
            assert!(kind.spec().state(from).unwrap().next.contains(&to), "{line}");
            assert!(states.get(id).is_none_or(|before| *before == from), "{line}");
        }
        states.insert(id, to);
        seen.insert((kind.as_str(), to));
    }
    for state in ["pending", "active", "inactive"] {
        assert!(seen.contains(&("network_interface", state)), "{state} never came");
    }
    for state in
        ["pending", "running", "rebooting", "stopping", "stopped", "starting", "terminating", "terminated"]
    {
        assert!(seen.contains(&("instance", state)), "{state} never came");
    }
    let total = user.get("/v1/north/instances?limit=1").await["total"].as_u64().unwrap();
    assert!((10..=23).contains(&total), "{total} instances");
    simulator.stop().await;
}

#[tokio::test]
async fn accounts_and_secrets_are_apart() {
    let accounts =
        vec![AccountOption::new("demo", "demo-secret"), AccountOption::new("other", "other-secret")];
    let simulator =
        Simulator::start(SimulatorOptions { accounts, ..SimulatorOptions::default() }).await.unwrap();
    let (demo, other) = (User::of(&simulator, "demo").await, User::of(&simulator, "other").await);
    let listing = demo.get("/v1/north/instances").await;
    let foreign = format!("/v1/north/instances/{}", listing["items"][0]["id"].as_str().unwrap());
    assert_eq!(demo.send(Method::GET, &foreign, None).await.0, StatusCode::OK);
    assert_eq!(other.send(Method::GET, &foreign, None).await.0, StatusCode::NOT_FOUND);
    let wrong = json!({ "access_key_id": "demo", "secret_access_key": "other-secret" });
    assert_eq!(demo.send(Method::POST, "/auth", Some(wrong)).await.0, StatusCode::UNAUTHORIZED);
    demo.send(Method::DELETE, "/control/sessions", None).await;
    assert_eq!(demo.send(Method::GET, &foreign, None).await.0, StatusCode::UNAUTHORIZED);
    simulator.stop().await;
}

#[tokio::test]
async fn faults_strike_whom_and_as_often_as_they_are_told() {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let user = User::of(&simulator, "demo").await;
    let faults = json!([
        { "fault": "server_error", "kind": "instance", "times": 2, "status": 503 },
        { "fault": "forbidden", "kind": "volumes", "account": "somebody" },
        { "fault": "empty_list", "kind": "image", "region": "north" },
    ]);
    assert_eq!(user.send(Method::PUT, "/control/faults", Some(faults)).await.0, StatusCode::NO_CONTENT);
    let status = async |path: &str| user.send(Method::GET, path, None).await.0;
    assert_eq!(status("/v1/north/volumes").await, StatusCode::OK);
    assert_eq!(status("/v1/north/instances").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status("/v1/north/instances").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status("/v1/north/instances").await, StatusCode::OK);
    let images = user.get("/v1/north/images").await;
    assert_eq!((&images["kind"], images["items"].as_array().map(Vec::len)), (&json!("images"), Some(0)));
    assert_eq!(user.get("/control/faults").await[0]["struck"], 2);
    user.send(Method::DELETE, "/control/faults", None).await;
    assert_ne!(user.get("/v1/north/images").await["items"], json!([]));
    assert_eq!(user.get("/control/stats").await["requests"]["GET instances"], 3);
    simulator.stop().await;
}

#[tokio::test]
async fn every_collection_has_pages_single_documents_and_faults() {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let user = User::of(&simulator, "demo").await;
    for kind in Kind::ALL.iter().copied() {
        let plural = kind.spec().plural;
        let mut all = 0;
        for path in listings(kind) {
            let whole = user.get(&path).await;
            assert_eq!(whole["kind"], plural);
            let items = whole["items"].as_array().unwrap();
            assert_eq!((whole["total"].as_u64(), whole["next"].as_str()), (Some(items.len() as u64), None));
            all += items.len();
            let (mut paged, mut marker) = (Vec::new(), Some(String::new()));
            while let Some(after) = marker {
                let page = user.get(&format!("{}{after}", path.replace("1000", "3"))).await;
                let some = page["items"].as_array().unwrap();
                assert!(some.len() == 3 || page["next"].is_null(), "{page}");
                paged.extend(some.iter().cloned());
                marker = page["next"].as_str().map(|next| format!("&marker={next}"));
            }
            assert_eq!(&paged, items, "{plural}");
            for item in items {
                assert_eq!(item["kind"], kind.as_str());
                let path = format!("/v1/north/{plural}/{}", item["id"].as_str().unwrap());
                assert_eq!(user.get(&path).await, *item);
            }
        }
        assert!(all > 0, "no {plural}");
        let fault =
            json!([{ "fault": "forbidden", "kind": kind }, { "fault": "server_error", "kind": plural }]);
        user.send(Method::PUT, "/control/faults", Some(fault)).await;
        assert_eq!(user.send(Method::GET, &listings(kind)[0], None).await.0, StatusCode::FORBIDDEN);
        let faults = user.get("/control/faults").await;
        assert_eq!((&faults[0]["struck"], &faults[1]["struck"]), (&json!(1), &json!(1)), "{plural}");
        user.send(Method::DELETE, "/control/faults", None).await;
    }
    simulator.stop().await;
}

#[tokio::test]
async fn clients_make_and_remove_all_but_what_is_the_clouds() {
    let (clock, options) = manual();
    let transit = options.transit;
    let simulator = Simulator::start(options).await.unwrap();
    let user = User::of(&simulator, "demo").await;
    let first = async |collection: &str| {
        user.get(&format!("/v1/north/{collection}")).await["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let router = user.get("/v1/north/routers").await["items"][0].clone();
    let subnet =
        user.get(&format!("/v1/north/subnets/{}", router["ends"][0]["subnet"].as_str().unwrap())).await;
    let spare = user.get("/v1/north/ip_addresses?limit=1000").await;
    let spare =
        spare["items"].as_array().unwrap().iter().find(|item| item["status"] == "SPARE").unwrap().clone();
    let plug = user.post("/v1/north/network_interfaces", json!({ "network": subnet["network"] })).await["id"]
        .clone();
    for kind in Kind::ALL.iter().copied() {
        let path = format!("/v1/north/{}", kind.spec().plural);
        let wanted = match kind.as_str() {
            "volume_snapshot" => json!({ "name": "mine", "volume": first("volumes").await }),
            "subnet" => json!({ "name": "mine", "network": subnet["network"], "range": "192.168.7.0/24" }),
            "network_interface" => json!({ "network": subnet["network"] }),
            "ip_address" => json!({}),
            "ip_address_binding" => json!({ "address": spare["id"], "plug": plug }),
            "security_group_rule" => json!({ "firewall": first("security_groups").await, "way": "in" }),
            _ => json!({ "name": "mine" }),
        };
        let (made, document) = user.send(Method::POST, &path, Some(wanted)).await;
        let is_the_clouds = ["instance_type", "volume_type", "volume_attachment", "datacenter", "quota"]
            .contains(&kind.as_str());
        if is_the_clouds {
            assert_eq!(made, StatusCode::BAD_REQUEST, "{kind}");
            let mut items = Vec::new();
            for path in listings(kind) {
                items.extend(user.get(&path).await["items"].as_array().unwrap().clone());
            }
            let one = format!("{path}/{}", items[0]["id"].as_str().unwrap());
            assert_eq!(user.send(Method::DELETE, &one, None).await.0, StatusCode::BAD_REQUEST, "{kind}");
            assert_eq!(user.get(&one).await, items[0], "{kind}");
        } else {
            assert_eq!(made, StatusCode::ACCEPTED, "{kind}: {document}");
            clock.advance(transit);
            let one = format!("{path}/{}", document["id"].as_str().unwrap());
            assert_eq!(user.send(Method::DELETE, &one, None).await.0, StatusCode::ACCEPTED, "{kind}");
            clock.advance(transit * 2);
            assert_eq!(user.send(Method::GET, &one, None).await.0, StatusCode::NOT_FOUND, "{kind}");
        }
    }
    simulator.stop().await;
}

#[tokio::test]
async fn vanishing_takes_resources_away_at_once() {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let user = User::of(&simulator, "demo").await;
    let gone = user.post("/control/vanish", json!({ "kind": "instance", "count": 15 })).await;
    assert_eq!(gone["vanished"].as_array().unwrap().len(), 15);
    let left = user.get("/v1/north/instances").await;
    assert_eq!((&left["total"], left["items"].as_array().unwrap().len()), (&json!(5), 5));
    let holders: Vec<_> = left["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
    for volume in user.get("/v1/north/volumes").await["items"].as_array().unwrap() {
        let holder = &volume["attached_to"];
        assert!(holder.is_null() || holders.contains(holder), "{volume}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn what_is_published_can_change_and_an_account_can_get_another_secret() {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let user = User::of(&simulator, "demo").await;
    let images = "/v1/north/images?scope=published";
    let before = user.get(images).await["items"][0].clone();
    let renaming = json!({ "kind": "image", "id": before["id"], "name": "another" });
    user.send(Method::POST, "/control/rename", Some(renaming)).await;
    let after = user.get(images).await["items"][0].clone();
    assert_eq!((&after["id"], &after["name"]), (&before["id"], &json!("another")));

    let changed =
        user.send(Method::PUT, "/control/accounts/demo/secret", Some(json!({ "secret": "new" }))).await;
    assert_eq!(changed.0, StatusCode::NO_CONTENT);
    assert_eq!(
        user.send(Method::GET, images, None).await.0,
        StatusCode::UNAUTHORIZED,
        "its session has ended"
    );
    for (secret, status) in [("demo-secret", StatusCode::UNAUTHORIZED), ("new", StatusCode::CREATED)] {
        let login = json!({ "access_key_id": "demo", "secret_access_key": secret });
        assert_eq!(user.send(Method::POST, "/auth", Some(login)).await.0, status, "{secret}");
    }
    let nobody =
        user.send(Method::PUT, "/control/accounts/nobody/secret", Some(json!({ "secret": "x" }))).await;
    assert_eq!(nobody.0, StatusCode::BAD_REQUEST);
    simulator.stop().await;
}

#[tokio::test]
async fn a_hundred_thousand_instances_are_listed_in_pages() {
    let population = Population { instances: 100_000, volumes: 0, ..Population::default() };
    let start = Instant::now();
    let simulator =
        Simulator::start(SimulatorOptions { population, ..SimulatorOptions::default() }).await.unwrap();
    println!("started in {:?}", start.elapsed());
    let user = User::of(&simulator, "demo").await;
    let quotas = user.get("/v1/north/quotas").await;
    println!("quotas counted in {:?}", start.elapsed());
    let used = |word: &str| {
        let mut all = quotas["items"].as_array().unwrap().iter();
        all.find(|quota| quota["name"] == word).unwrap()["used"].as_u64().unwrap()
    };
    assert_eq!((used("machines"), used("plugs")), (100_000, 100_004));
    for (collection, expected) in
        [("instances", 100_000), ("network_interfaces", 100_004), ("ip_addresses", used("outside_addresses"))]
    {
        let (mut marker, mut count, mut pages) = (String::new(), 0, 0);
        let start = Instant::now();
        user.text(&format!("/v1/north/{collection}?limit=1000")).await;
        println!("{collection}: one page as text in {:?}", start.elapsed());
        loop {
            let page = user.get(&format!("/v1/north/{collection}?limit=1000{marker}")).await;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 1000);
            count += items.len() as u64;
            pages += 1;
            match page["next"].as_str() {
                Some(next) => marker = format!("&marker={next}"),
                None => break,
            }
        }
        println!("{collection}: {pages} pages in {:?}", start.elapsed());
        assert_eq!((count, pages), (expected, expected.div_ceil(1000)), "{collection}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn movement_stops_and_begins_when_told() {
    let (clock, options) = manual();
    let simulator = Simulator::start(SimulatorOptions { movement: 5.0, ..options }).await.unwrap();
    let user = User::of(&simulator, "demo").await;
    let after = async |seconds| {
        clock.advance(Duration::from_secs(seconds));
        user.get("/control/journal").await["lines"].as_array().unwrap().len()
    };
    let set = async |rate: f64| {
        let body = json!({ "per_second": rate });
        let (status, _) = user.send(Method::PUT, "/control/movement", Some(body)).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    };
    let moved = after(10).await;
    assert!(moved > 10);
    set(0.0).await;
    // What was on its way comes to its end, by two transits at most.
    after(5).await;
    let still = after(5).await;
    assert_eq!(after(600).await, still);
    set(5.0).await;
    assert!(after(10).await > still + 10);
}
