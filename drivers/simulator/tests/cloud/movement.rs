//! Movement of the cloud by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use driver_simulator::{Simulator, SimulatorOptions, canonical_state};
use gateway_core::Kind;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::clouds::manual;
use crate::fixtures::cloud_client::CloudClient;

#[tokio::test]
async fn movement_follows_the_transition_table_and_keeps_the_population() {
    let (clock, options) = manual();
    let simulator = Simulator::start(SimulatorOptions { movement: 20.0, ..options }).await.unwrap();
    let client = CloudClient::of(&simulator, "demo").await;
    for _ in 0..300 {
        clock.advance(Duration::from_secs(1));
        client.get("/v1/north/instances?limit=1").await;
    }
    let journal = client.get("/control/journal?limit=100000").await;
    let lines = journal["lines"].as_array().unwrap();
    assert!(lines.len() > 1000, "{} lines", lines.len());
    let mut states: BTreeMap<&str, &str> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for line in lines {
        let (id, kind) = (line["id"].as_str().unwrap(), line["kind"].as_str().unwrap());
        let kind = Kind::parse(kind).unwrap();
        let canonical = |key: &str| line[key].as_str().and_then(|status| canonical_state(kind, status));
        let Some(to) = canonical("to") else {
            let last = (kind == Kind::Instance).then_some("terminated");
            assert!(last.is_none() || states.get(id).copied() == last, "{line}");
            continue;
        };
        if let Some(from) = canonical("from") {
            assert!(kind.spec().state(from).unwrap().next.contains(&to), "{line}");
            assert!(states.get(id).is_none_or(|before| *before == from), "{line}");
        }
        states.insert(id, to);
        seen.insert((kind, to));
    }
    for state in ["pending", "active", "inactive"] {
        assert!(seen.contains(&(Kind::NetworkInterface, state)), "{state} never came");
    }
    for state in
        ["pending", "running", "rebooting", "stopping", "stopped", "starting", "terminating", "terminated"]
    {
        assert!(seen.contains(&(Kind::Instance, state)), "{state} never came");
    }
    let total = client.get("/v1/north/instances?limit=1").await["total"].as_u64().unwrap();
    assert!((10..=23).contains(&total), "{total} instances");
    simulator.stop().await;
}

#[tokio::test]
async fn movement_stops_at_rate_zero_and_starts_again() {
    let (clock, options) = manual();
    let simulator = Simulator::start(SimulatorOptions { movement: 5.0, ..options }).await.unwrap();
    let client = CloudClient::of(&simulator, "demo").await;
    let after = async |seconds| {
        clock.advance(Duration::from_secs(seconds));
        client.get("/control/journal").await["lines"].as_array().unwrap().len()
    };
    let set = async |rate: f64| {
        let body = json!({ "per_second": rate });
        let (status, _) = client.send(Method::PUT, "/control/movement", Some(body)).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    };
    let moved = after(10).await;
    assert!(moved > 10);
    set(0.0).await;
    // Pending transitions end after at most two transit times.
    after(5).await;
    let still = after(5).await;
    assert_eq!(after(600).await, still);
    set(5.0).await;
    assert!(after(10).await > still + 10);
}
