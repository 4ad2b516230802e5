//! The end of grants: a secret that was changed in the cloud ends the grants of its credential and no others. The new
//! secret makes the same records visible again.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::ensure;
use gateway_tests::client::access_key;
use gateway_tests::{Client, TestCluster, until};
use serde_json::json;

use crate::environment::{CLOUD, Environment, SOON, demo_credential, fresh};

/// The longest time until a grant ends: two refusals, ten seconds apart.
const ENDS_WITHIN: Duration = Duration::from_secs(120);

#[tokio::test]
async fn changed_cloud_secret_ends_only_its_grants() {
    let accounts = ["--account", "demo:demo-secret", "--account", "acme:acme-secret"];
    let mut env = Environment::with_cloud(TestCluster::builder("grants").pollers(2), &accounts).await;
    let acme = access_key(CLOUD, "acme", "acme-secret");
    let mut both = env.cluster.register_client("both").await;
    let login = both.login(&[demo_credential(), acme.clone()]).await.unwrap();
    assert_eq!(login.accounts.len(), 2, "{:?}", login.rejected);
    let mut other = env.cluster.register_client("other").await;
    other.login(&[acme]).await.unwrap();
    let (mine, theirs) = (ids(&env.client).await, ids(&other).await);
    assert_eq!(ids(&both).await, mine.union(&theirs).cloned().collect());
    let position = env.client.list("instances", &[]).await.unwrap().position;

    env.simulator.control("PUT", "accounts/demo/secret", &json!({ "secret": "changed" })).await;
    until("the grants to end", ENDS_WITHIN, || async {
        let left = both.list("instances", &[]).await?;
        ensure!(left.items.iter().all(|item| item["account"] != env.account.as_str()), "both sees demo");
        let left = env.client.list("instances", &[]).await?;
        ensure!(left.items.is_empty() && left.scopes.is_empty(), "{:?}", left.scopes);
        Ok(())
    })
    .await;
    assert_eq!(ids(&both).await, theirs, "grants of other credentials stay");
    assert_eq!(ids(&other).await, theirs);
    let old = env.client.check_credentials(&[demo_credential()]).await.unwrap();
    assert_eq!(old.body["rejected"][0]["reason"], "refused", "{}", old.body);

    env.client.login(&[access_key(CLOUD, "demo", "changed")]).await.unwrap();
    until("the same instances", SOON, || async {
        let seen = ids(&env.client).await;
        ensure!(seen == mine, "{} of {}", seen.len(), mine.len());
        Ok(())
    })
    .await;
    // The instances did not change, so that no event names them.
    for event in env.client.events(position).await.unwrap() {
        assert_ne!(event["data"]["kind"], "instance", "{event}");
    }
}

/// Returns the instances that a client sees, once all scopes are fresh.
async fn ids(client: &Client) -> BTreeSet<String> {
    let items = fresh(client, "instances").await.items;
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
