//! Who sees what: nobody without a grant; two clients on one account, which is polled once.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gateway_tests::{Client, Cluster};
use serde_json::Value;

use crate::stage::{Stage, collections, demo, fresh};
use crate::truth;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[tokio::test]
async fn two_clients_prove_one_account_and_it_is_polled_once() {
    let stage = Stage::set(Cluster::plan("sharing").handlers(2).pollers(2)).await;
    let mut other = stage.cluster.register_client("other").await;
    let targets = targets(&stage);

    let refused = other.check_credentials(&[]).await.unwrap();
    assert_eq!(refused.status, 401, "{}", refused.body);
    let login = other.login(&[demo()]).await.unwrap();
    assert_eq!(login.accounts[0]["id"], stage.account.as_str(), "one id, whoever proves it");
    for collection in collections() {
        let (mine, theirs) = (stage.fresh(collection).await, fresh(&other, collection).await);
        assert_eq!(ids(&mine.items), ids(&theirs.items), "{collection}");
    }
    assert_eq!(self::targets(&stage), targets, "a second grant makes no second target");
    polled_once(&stage).await;
}

#[tokio::test]
async fn without_a_grant_nothing_of_an_account_is_seen() {
    let accounts = ["--account", "demo:demo-secret", "--account", "acme:acme-secret"];
    let stage = Stage::with_cloud(Cluster::plan("no_grant"), &accounts).await;
    let mut acme = stage.cluster.register_client("acme").await;
    acme.login(&[gateway_tests::client::access_key(crate::stage::CLOUD, "acme", "acme-secret")])
        .await
        .unwrap();
    for collection in ["instances", "volumes"] {
        let (mine, theirs) = (stage.fresh(collection).await, fresh(&acme, collection).await);
        assert!(
            !theirs.items.is_empty() && ids(&mine.items).is_disjoint(&ids(&theirs.items)),
            "{collection}"
        );
        for (client, hidden) in [(&acme, &mine), (&stage.client, &theirs)] {
            let id = hidden.items[0]["id"].as_str().unwrap();
            not_found(client, &format!("/v1/{collection}/{id}")).await;
        }
        let account = [("account", stage.account.as_str())];
        let refused = acme.list(collection, &account).await.unwrap_err();
        assert!(refused.to_string().contains("unknown-filter-value"), "{refused}");
    }
    // What the cloud publishes is one record for both.
    let types = |client: Client| async move { ids(&fresh(&client, "instance_types").await.items) };
    assert_eq!(types(stage.client.clone()).await, types(acme.clone()).await);
    for event in acme.events(0).await.unwrap() {
        assert_ne!(event["data"]["account"], stage.account.as_str(), "{event}");
    }
}

async fn not_found(client: &Client, path: &str) {
    let answer = client.request("GET".parse().unwrap(), path).await.unwrap();
    assert_eq!(answer.status, 404, "{path}: {}", answer.body);
}

/// Counts the cloud's own figures against the changes of `as_of` in the same time.
async fn polled_once(stage: &Stage) {
    let as_of = || async {
        let page = stage.client.page("instances", &[("limit", "1")]).await.unwrap();
        page.scopes[0]["as_of"].as_str().unwrap().to_owned()
    };
    stage.listed_again("instances").await;
    let before = truth::instance_listings(&stage.simulator).await;
    let mut seen = BTreeSet::from([as_of().await]);
    while seen.len() < 5 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        seen.insert(as_of().await);
    }
    let asked = truth::instance_listings(&stage.simulator).await - before;
    // One may be under way at each end.
    assert!((3..=5).contains(&asked), "{asked} listings for 4 new states of the scope");
}

fn targets(stage: &Stage) -> i64 {
    let mut connection = stage.cluster.database.connect();
    let count = diesel::sql_query("SELECT COUNT(*) AS n FROM poll_targets");
    count.get_result::<Count>(&mut connection).unwrap().n
}

fn ids(items: &[Value]) -> BTreeSet<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
