//! A database outage while a cloud executes a command: the result is recorded when the database is back.

use anyhow::ensure;
use gateway_tests::{TestCluster, until};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{id_of, instance_command, post, until_state};
use crate::environment::{Environment, SOON};

#[tokio::test(flavor = "multi_thread")]
async fn reboot_during_database_outage_is_recorded() {
    let mut env =
        Environment::with_cloud(TestCluster::builder("away").own_servers(), &["--transit-seconds", "0.1"])
            .await;
    let id = id_of(&post(&env, "/v1/instances", &instance_command(&env, "rebooted").await).await);
    until_state(&env, &id, "running").await;
    env.simulator.faults(json!([{ "fault": "late_answer", "ms": 2000, "writes": true, "times": 1 }])).await;
    let path = format!("/v1/instances/{id}/actions/reboot");
    let plain = json!({});
    let reboot = || env.client.send_command(Method::POST, &path, &plain, Some("once"));
    let simulator = &env.simulator;
    let mariadb = &mut env.cluster.servers.as_mut().unwrap().mariadb;
    let outage = async {
        until("the request to the cloud", SOON, || async {
            let faults = simulator.control("GET", "faults", &json!(null)).await;
            ensure!(faults[0]["struck"] == 1, "{faults}");
            Ok(())
        })
        .await;
        mariadb.kill9();
        // Longer than the answer of the cloud and the timeout of the store.
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        mariadb.restart().await;
    };
    let (_, ()) = tokio::join!(reboot(), outage);
    until("the result", SOON, || async {
        let again = reboot().await?;
        ensure!(again.status == StatusCode::OK, "{} {}", again.status, again.body);
        Ok(())
    })
    .await;
}
