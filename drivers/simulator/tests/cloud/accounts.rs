//! Accounts: their isolation and secrets.

use driver_simulator::cloud::AccountOption;
use driver_simulator::{Simulator, SimulatorOptions};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::fixtures::cloud_client::CloudClient;

#[tokio::test]
async fn account_does_not_see_resources_of_another_account() {
    let accounts =
        vec![AccountOption::new("demo", "demo-secret"), AccountOption::new("other", "other-secret")];
    let simulator =
        Simulator::start(SimulatorOptions { accounts, ..SimulatorOptions::default() }).await.unwrap();
    let (demo, other) =
        (CloudClient::of(&simulator, "demo").await, CloudClient::of(&simulator, "other").await);
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
