//! What `gateway up` takes when it has nothing to do.

use anyhow::ensure;
use gateway_tests::client::{Client, access_key};
use gateway_tests::{Gateway, Settings, Simulator, cli, until};

use crate::stage::{CLOUD, SOON, collections, fresh};

/// Of a debug build more than two thirds are its code, which is mapped from its file: 44 MiB when this was written.
const MOST: u64 = if cfg!(debug_assertions) { 80 << 20 } else { 60 << 20 };

/// What it takes for its work.
const MOST_ANONYMOUS: u64 = 30 << 20;

/// Whole listings after the first: what a start takes and gives back is over.
const POLLS: usize = 3;

#[tokio::test]
async fn an_idle_gateway_in_one_process_takes_little() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).display().to_string();
    let settings = Settings::default()
        .with("database.url", format!("sqlite:{}", file("gateway.db")))
        .with("bus.url", "memory:")
        .with("keyring.file", file("keyring.json"))
        .with("poller.interval_seconds", 2)
        .with("poller.moving_interval_seconds", 1);
    // About 200 resources.
    let simulator = Simulator::start().await;
    cli::text(&settings, &["migrate"]).await;
    let made = cli::json(&settings, &["client", "create", "dashboard", "--json"]).await;
    let add = ["cloud", "add", CLOUD, "--driver", "simulator", "--endpoint", simulator.url(), "--json"];
    cli::json(&settings, &add).await;
    let mut gateway = Gateway::role("up", &settings).await;
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let mut client = Client::new(gateway.url(), id, secret);
    client.login(&[access_key(CLOUD, "demo", "demo-secret")]).await.unwrap();
    let mut count = 0;
    for collection in collections() {
        count += fresh(&client, collection).await.items.len();
    }
    for _ in 0..POLLS {
        let before = client.page("instances", &[("limit", "1")]).await.unwrap().scopes;
        until("one more poll", SOON, || async {
            let after = client.page("instances", &[("limit", "1")]).await?.scopes;
            ensure!(after[0]["as_of"] != before[0]["as_of"], "{after:?}");
            Ok(())
        })
        .await;
    }
    let memory = gateway.memory();
    println!(
        "idle with {count} resources: {} KiB, {} KiB of it not the program's code, {} KiB at its peak",
        memory.resident_bytes >> 10,
        memory.anonymous_bytes >> 10,
        memory.peak_bytes >> 10
    );
    assert!(memory.resident_bytes < MOST, "{} MiB", memory.resident_bytes >> 20);
    assert!(memory.anonymous_bytes < MOST_ANONYMOUS, "{} MiB", memory.anonymous_bytes >> 20);
    assert_eq!(gateway.terminate().code(), Some(0));
}
