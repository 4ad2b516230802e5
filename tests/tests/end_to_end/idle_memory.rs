//! Memory of an idle `gateway up`.

use anyhow::ensure;
use gateway_tests::client::{Client, access_key};
use gateway_tests::{Gateway, Settings, Simulator, cli, until};

use crate::environment::{CLOUD, SOON, collections, fresh};

/// The limit of resident memory. In a debug build, more than two thirds (44 MiB) are code, mapped from the binary.
const MAX_RESIDENT: u64 = if cfg!(debug_assertions) { 80 << 20 } else { 60 << 20 };

/// The limit of memory that is not mapped from files.
const MAX_ANONYMOUS: u64 = 30 << 20;

/// Polls before the measurement, so that memory of the start is released.
const POLLS: usize = 3;

#[tokio::test]
async fn idle_gateway_memory_is_below_limit() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).display().to_string();
    let settings = Settings::default()
        .with("database.url", format!("sqlite:{}", file("gateway.db")))
        .with("bus.url", "memory:")
        .with("keyring.file", file("keyring.json"))
        .with("poller.interval_seconds", 2)
        .with("poller.moving_interval_seconds", 1);
    // The default cloud has about 200 resources.
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
        "idle with {count} resources: {} KiB, {} KiB without code, {} KiB at the peak",
        memory.resident_bytes >> 10,
        memory.anonymous_bytes >> 10,
        memory.peak_bytes >> 10
    );
    assert!(memory.resident_bytes < MAX_RESIDENT, "{} MiB", memory.resident_bytes >> 20);
    assert!(memory.anonymous_bytes < MAX_ANONYMOUS, "{} MiB", memory.anonymous_bytes >> 20);
    assert_eq!(gateway.terminate().code(), Some(0));
}
