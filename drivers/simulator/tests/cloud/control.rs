//! The control API: faults, vanish, rename and secrets.

use driver_simulator::{Simulator, SimulatorOptions};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::fixtures::cloud_client::CloudClient;

#[tokio::test]
async fn fault_strikes_matching_requests_as_often_as_configured() {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let client = CloudClient::of(&simulator, "demo").await;
    let faults = json!([
        { "fault": "server_error", "kind": "instance", "times": 2, "status": 503 },
        { "fault": "forbidden", "kind": "volumes", "account": "somebody" },
        { "fault": "empty_list", "kind": "image", "region": "north" },
    ]);
    assert_eq!(client.send(Method::PUT, "/control/faults", Some(faults)).await.0, StatusCode::NO_CONTENT);
    let status = async |path: &str| client.send(Method::GET, path, None).await.0;
    assert_eq!(status("/v1/north/volumes").await, StatusCode::OK);
    assert_eq!(status("/v1/north/instances").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status("/v1/north/instances").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status("/v1/north/instances").await, StatusCode::OK);
    let images = client.get("/v1/north/images").await;
    assert_eq!((&images["kind"], images["items"].as_array().map(Vec::len)), (&json!("images"), Some(0)));
    assert_eq!(client.get("/control/faults").await[0]["struck"], 2);
    client.send(Method::DELETE, "/control/faults", None).await;
    assert_ne!(client.get("/v1/north/images").await["items"], json!([]));
    assert_eq!(client.get("/control/stats").await["requests"]["GET instances"], 3);
    simulator.stop().await;
}

#[tokio::test]
async fn vanish_removes_resources_at_once() {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let client = CloudClient::of(&simulator, "demo").await;
    let vanished = client.post("/control/vanish", json!({ "kind": "instance", "count": 15 })).await;
    assert_eq!(vanished["vanished"].as_array().unwrap().len(), 15);
    let left = client.get("/v1/north/instances").await;
    assert_eq!((&left["total"], left["items"].as_array().unwrap().len()), (&json!(5), 5));
    let holders: Vec<_> = left["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
    for volume in client.get("/v1/north/volumes").await["items"].as_array().unwrap() {
        let holder = &volume["attached_to"];
        assert!(holder.is_null() || holders.contains(holder), "{volume}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn published_image_is_renamed_and_new_secret_ends_sessions() {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let client = CloudClient::of(&simulator, "demo").await;
    let images = "/v1/north/images?scope=published";
    let before = client.get(images).await["items"][0].clone();
    let renaming = json!({ "kind": "image", "id": before["id"], "name": "another" });
    client.send(Method::POST, "/control/rename", Some(renaming)).await;
    let after = client.get(images).await["items"][0].clone();
    assert_eq!((&after["id"], &after["name"]), (&before["id"], &json!("another")));

    let changed =
        client.send(Method::PUT, "/control/accounts/demo/secret", Some(json!({ "secret": "new" }))).await;
    assert_eq!(changed.0, StatusCode::NO_CONTENT);
    assert_eq!(
        client.send(Method::GET, images, None).await.0,
        StatusCode::UNAUTHORIZED,
        "its session has ended"
    );
    for (secret, status) in [("demo-secret", StatusCode::UNAUTHORIZED), ("new", StatusCode::CREATED)] {
        let login = json!({ "access_key_id": "demo", "secret_access_key": secret });
        assert_eq!(client.send(Method::POST, "/auth", Some(login)).await.0, status, "{secret}");
    }
    let nobody =
        client.send(Method::PUT, "/control/accounts/nobody/secret", Some(json!({ "secret": "x" }))).await;
    assert_eq!(nobody.0, StatusCode::BAD_REQUEST);
    simulator.stop().await;
}
