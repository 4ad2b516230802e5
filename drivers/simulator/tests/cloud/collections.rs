//! Collections: pages, single reads, creation and deletion of every kind.

use std::time::Instant;

use driver_simulator::cloud::Population;
use driver_simulator::{Simulator, SimulatorOptions};
use gateway_core::Kind;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::clouds::{listings, manual};
use crate::fixtures::cloud_client::CloudClient;

#[tokio::test]
async fn every_collection_has_pages_single_reads_and_faults() {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let client = CloudClient::of(&simulator, "demo").await;
    for kind in Kind::ALL.iter().copied() {
        let plural = kind.spec().plural;
        let mut all = 0;
        for path in listings(kind) {
            let whole = client.get(&path).await;
            assert_eq!(whole["kind"], plural);
            let items = whole["items"].as_array().unwrap();
            assert_eq!((whole["total"].as_u64(), whole["next"].as_str()), (Some(items.len() as u64), None));
            all += items.len();
            let (mut paged, mut marker) = (Vec::new(), Some(String::new()));
            while let Some(after) = marker {
                let page = client.get(&format!("{}{after}", path.replace("1000", "3"))).await;
                let some = page["items"].as_array().unwrap();
                assert!(some.len() == 3 || page["next"].is_null(), "{page}");
                paged.extend(some.iter().cloned());
                marker = page["next"].as_str().map(|next| format!("&marker={next}"));
            }
            assert_eq!(&paged, items, "{plural}");
            for item in items {
                assert_eq!(item["kind"], kind.as_str());
                let path = format!("/v1/north/{plural}/{}", item["id"].as_str().unwrap());
                assert_eq!(client.get(&path).await, *item);
            }
        }
        assert!(all > 0, "no {plural}");
        let fault =
            json!([{ "fault": "forbidden", "kind": kind }, { "fault": "server_error", "kind": plural }]);
        client.send(Method::PUT, "/control/faults", Some(fault)).await;
        assert_eq!(client.send(Method::GET, &listings(kind)[0], None).await.0, StatusCode::FORBIDDEN);
        let faults = client.get("/control/faults").await;
        assert_eq!((&faults[0]["struck"], &faults[1]["struck"]), (&json!(1), &json!(1)), "{plural}");
        client.send(Method::DELETE, "/control/faults", None).await;
    }
    simulator.stop().await;
}

#[tokio::test]
async fn clients_create_and_delete_all_kinds_except_those_of_the_cloud() {
    let (clock, options) = manual();
    let transit = options.transit;
    let simulator = Simulator::start(options).await.unwrap();
    let client = CloudClient::of(&simulator, "demo").await;
    let first = async |collection: &str| {
        client.get(&format!("/v1/north/{collection}")).await["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let router = client.get("/v1/north/routers").await["items"][0].clone();
    let subnet = client
        .get(&format!("/v1/north/subnets/{}", router["interfaces"][0]["subnet"].as_str().unwrap()))
        .await;
    let unbound = client.get("/v1/north/ip_addresses?limit=1000").await;
    let unbound =
        unbound["items"].as_array().unwrap().iter().find(|item| item["status"] == "SPARE").unwrap().clone();
    let interface =
        client.post("/v1/north/network_interfaces", json!({ "network": subnet["network"] })).await["id"]
            .clone();
    for kind in Kind::ALL.iter().copied() {
        let path = format!("/v1/north/{}", kind.spec().plural);
        let wanted = match kind {
            Kind::VolumeSnapshot => json!({ "name": "mine", "volume": first("volumes").await }),
            Kind::Subnet => {
                json!({ "name": "mine", "network": subnet["network"], "range": "192.168.7.0/24" })
            }
            Kind::NetworkInterface => json!({ "network": subnet["network"] }),
            Kind::IpAddress => json!({}),
            Kind::IpAddressBinding => json!({ "address": unbound["id"], "nic": interface }),
            Kind::SecurityGroupRule => {
                json!({ "firewall": first("security_groups").await, "direction": "in" })
            }
            _ => json!({ "name": "mine" }),
        };
        let (made, document) = client.send(Method::POST, &path, Some(wanted)).await;
        let is_the_clouds =
            [Kind::InstanceType, Kind::VolumeType, Kind::VolumeAttachment, Kind::Datacenter, Kind::Quota]
                .contains(&kind);
        if is_the_clouds {
            assert_eq!(made, StatusCode::BAD_REQUEST, "{kind}");
            let mut items = Vec::new();
            for path in listings(kind) {
                items.extend(client.get(&path).await["items"].as_array().unwrap().clone());
            }
            let one = format!("{path}/{}", items[0]["id"].as_str().unwrap());
            assert_eq!(client.send(Method::DELETE, &one, None).await.0, StatusCode::BAD_REQUEST, "{kind}");
            assert_eq!(client.get(&one).await, items[0], "{kind}");
        } else {
            assert_eq!(made, StatusCode::ACCEPTED, "{kind}: {document}");
            clock.advance(transit);
            let one = format!("{path}/{}", document["id"].as_str().unwrap());
            assert_eq!(client.send(Method::DELETE, &one, None).await.0, StatusCode::ACCEPTED, "{kind}");
            clock.advance(transit * 2);
            assert_eq!(client.send(Method::GET, &one, None).await.0, StatusCode::NOT_FOUND, "{kind}");
        }
    }
    simulator.stop().await;
}

#[tokio::test]
async fn hundred_thousand_instances_are_listed_in_pages() {
    let population = Population { instances: 100_000, volumes: 0, ..Population::default() };
    let start = Instant::now();
    let simulator =
        Simulator::start(SimulatorOptions { population, ..SimulatorOptions::default() }).await.unwrap();
    println!("started in {:?}", start.elapsed());
    let client = CloudClient::of(&simulator, "demo").await;
    let quotas = client.get("/v1/north/quotas").await;
    println!("quotas counted in {:?}", start.elapsed());
    let used = |word: &str| {
        let mut all = quotas["items"].as_array().unwrap().iter();
        all.find(|quota| quota["name"] == word).unwrap()["used"].as_u64().unwrap()
    };
    assert_eq!((used("machines"), used("nics")), (100_000, 100_004));
    for (collection, expected) in
        [("instances", 100_000), ("network_interfaces", 100_004), ("ip_addresses", used("public_ips"))]
    {
        let (mut marker, mut count, mut pages) = (String::new(), 0, 0);
        let start = Instant::now();
        client.text(&format!("/v1/north/{collection}?limit=1000")).await;
        println!("{collection}: one page as text in {:?}", start.elapsed());
        loop {
            let page = client.get(&format!("/v1/north/{collection}?limit=1000{marker}")).await;
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
