//! Determinism: equal seeds lead to equal answers.

use driver_simulator::{Simulator, SimulatorOptions};
use gateway_core::Kind;

use crate::clouds::listings;
use crate::fixtures::cloud_client::CloudClient;

#[tokio::test]
async fn listings_without_movement_are_identical_after_a_restart() {
    let mut texts = Vec::new();
    for _ in 0..2 {
        let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
        let client = CloudClient::of(&simulator, "demo").await;
        for _ in 0..2 {
            let mut text = String::new();
            for path in Kind::ALL.iter().copied().flat_map(listings) {
                text += &client.text(&path).await;
            }
            texts.push(text);
        }
        simulator.stop().await;
    }
    assert!(texts[0].contains("\"ACTIVE\"") && texts.iter().all(|text| *text == texts[0]));
}
