//! The database is away when a cloud answers: what it did is known, and told when the database is back.

use anyhow::ensure;
use gateway_tests::{Cluster, until};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{id_of, instance_order, post, until_state};
use crate::stage::{SOON, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_reboot_that_ended_without_a_database_is_known_to_have_ended() {
    let mut stage =
        Stage::with_cloud(Cluster::plan("away").own_servers(), &["--transit-seconds", "0.1"]).await;
    let id = id_of(&post(&stage, "/v1/instances", &instance_order(&stage, "rebooted").await).await);
    until_state(&stage, &id, "running").await;
    stage.simulator.faults(json!([{ "fault": "late_answer", "ms": 2000, "writes": true, "times": 1 }])).await;
    let path = format!("/v1/instances/{id}/actions/reboot");
    let plain = json!({});
    let reboot = || stage.client.order(Method::POST, &path, &plain, Some("once"));
    let simulator = &stage.simulator;
    let mariadb = &mut stage.cluster.servers.as_mut().unwrap().mariadb;
    let outage = async {
        until("the cloud is asked", SOON, || async {
            let faults = simulator.control("GET", "faults", &json!(null)).await;
            ensure!(faults[0]["struck"] == 1, "{faults}");
            Ok(())
        })
        .await;
        mariadb.kill9();
        // Past the answer of the cloud, and longer than a call of the store waits.
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        mariadb.restart().await;
    };
    let (_, ()) = tokio::join!(reboot(), outage);
    until("its outcome", SOON, || async {
        let again = reboot().await?;
        ensure!(again.status == StatusCode::OK, "{} {}", again.status, again.body);
        Ok(())
    })
    .await;
}
