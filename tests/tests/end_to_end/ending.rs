//! Grants end when the cloud says so: who holds a credential that was changed there loses the account, nobody else
//! loses anything, and who brings the new one finds what was there.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::ensure;
use gateway_tests::client::access_key;
use gateway_tests::{Client, Cluster, until};
use serde_json::json;

use crate::stage::{CLOUD, SOON, Stage, demo, fresh};

/// Two refusals end a grant: the second opinion is asked for ten seconds after the first.
const ENDED: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_credential_that_was_changed_in_the_cloud_ends_its_grants_and_no_others() {
    let accounts = ["--account", "demo:demo-secret", "--account", "acme:acme-secret"];
    let mut stage = Stage::with_cloud(Cluster::plan("ending").pollers(2), &accounts).await;
    let acme = access_key(CLOUD, "acme", "acme-secret");
    let mut both = stage.cluster.register_client("both").await;
    let login = both.login(&[demo(), acme.clone()]).await.unwrap();
    assert_eq!(login.accounts.len(), 2, "{:?}", login.rejected);
    let mut other = stage.cluster.register_client("other").await;
    other.login(&[acme]).await.unwrap();
    let (mine, theirs) = (ids(&stage.client).await, ids(&other).await);
    assert_eq!(ids(&both).await, mine.union(&theirs).cloned().collect());
    let position = stage.client.list("instances", &[]).await.unwrap().position;

    stage.simulator.control("PUT", "accounts/demo/secret", &json!({ "secret": "changed" })).await;
    until("the grants to end", ENDED, || async {
        let left = both.list("instances", &[]).await?;
        ensure!(left.items.iter().all(|item| item["account"] != stage.account.as_str()), "both sees demo");
        let left = stage.client.list("instances", &[]).await?;
        ensure!(left.items.is_empty() && left.scopes.is_empty(), "{:?}", left.scopes);
        Ok(())
    })
    .await;
    assert_eq!(ids(&both).await, theirs, "what another credential proved stays");
    assert_eq!(ids(&other).await, theirs);
    let old = stage.client.check_credentials(&[demo()]).await.unwrap();
    assert_eq!(old.body["rejected"][0]["reason"], "refused", "{}", old.body);

    stage.client.login(&[access_key(CLOUD, "demo", "changed")]).await.unwrap();
    until("what was there", SOON, || async {
        let seen = ids(&stage.client).await;
        ensure!(seen == mine, "{} of {}", seen.len(), mine.len());
        Ok(())
    })
    .await;
    // Nothing happened to the instances: nobody was told that anything did.
    for event in stage.client.events(position).await.unwrap() {
        assert_ne!(event["data"]["kind"], "instance", "{event}");
    }
}

/// What a client sees of instances, once all of it is fresh.
async fn ids(client: &Client) -> BTreeSet<String> {
    let items = fresh(client, "instances").await.items;
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
