//! The suite of commands.

use std::time::Duration;

use driver_conformance::{Fixtures, Subject};
use driver_simulator::cloud::AccountOption;
use driver_simulator::{Simulator, SimulatorDriver, SimulatorOptions};
use gateway_core::id::Region;
use serde_json::Value;

use crate::fixtures::cloud_client::CloudClient;
use crate::fixtures::{absent_key, access_key, registration};

fn id(page: &Value, name: &str) -> Option<String> {
    let mut items = page["items"].as_array().unwrap().iter();
    items.find(|item| item["name"] == name).and_then(|item| item["id"].as_str()).map(str::to_owned)
}

#[tokio::test]
async fn simulator_driver_passes_the_suite_of_commands() {
    let other = AccountOption::new("other", "other-secret");
    let options = SimulatorOptions {
        transit: Duration::from_millis(100),
        accounts: vec![AccountOption::new("demo", "demo-secret"), other.clone()],
        ..SimulatorOptions::default()
    };
    let simulator = Simulator::start(options).await.unwrap();
    let client = CloudClient::of(&simulator, "demo").await;
    let published =
        async |collection: &str| client.get(&format!("/v1/north/{collection}?scope=published")).await;
    let (images, types) = (published("images").await, published("instance_types").await);
    let account = client.get("/v1/north/quotas").await["items"][0]["owner"].as_str().unwrap().to_owned();
    let fixtures = Fixtures {
        image: images["items"][0]["id"].as_str().map(str::to_owned),
        instance_type: id(&types, "std1.x1"),
        resize_type: id(&types, "std1.x2"),
        datacenter: Some("north-b".to_owned()),
        volume_type: id(&published("volume_types").await, "fast"),
        external_network: id(&published("networks").await, "external"),
        other_account: Some(other.id()),
        quota: Some(format!("{account}/q-0000000000000005")),
        poll_interval: Duration::from_millis(20),
        timeout: Duration::from_secs(20),
        ..Fixtures::new(Region::new("north"), "suite")
    };
    let subject = Subject::new(SimulatorDriver, registration(&simulator), access_key("demo-secret"))
        .with_absent_key(absent_key);
    let report = driver_conformance::run_verbs(subject, fixtures).await;
    println!("{report}");
    report.assert_passed_except(&[]);
    simulator.stop().await;
}
