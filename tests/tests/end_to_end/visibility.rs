//! Visibility of accounts: records are visible with a grant only. An account of two clients is polled once.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gateway_tests::{Client, TestCluster};
use serde_json::Value;

use crate::environment::{Environment, collections, demo_credential, fresh};
use crate::simulator_api;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[tokio::test]
async fn account_of_two_clients_is_polled_once() {
    let env = Environment::start(TestCluster::builder("visibility").handlers(2).pollers(2)).await;
    let mut other = env.cluster.register_client("other").await;
    let targets = targets(&env);

    let refused = other.check_credentials(&[]).await.unwrap();
    assert_eq!(refused.status, 401, "{}", refused.body);
    let login = other.login(&[demo_credential()]).await.unwrap();
    assert_eq!(login.accounts[0]["id"], env.account.as_str(), "the id does not depend on the client");
    for collection in collections() {
        let (mine, theirs) = (env.fresh(collection).await, fresh(&other, collection).await);
        assert_eq!(ids(&mine.items), ids(&theirs.items), "{collection}");
    }
    assert_eq!(self::targets(&env), targets, "a second grant creates no second target");
    polled_once(&env).await;
}

#[tokio::test]
async fn account_without_grant_is_invisible() {
    let accounts = ["--account", "demo:demo-secret", "--account", "acme:acme-secret"];
    let env = Environment::with_cloud(TestCluster::builder("no_grant"), &accounts).await;
    let mut acme = env.cluster.register_client("acme").await;
    acme.login(&[gateway_tests::client::access_key(crate::environment::CLOUD, "acme", "acme-secret")])
        .await
        .unwrap();
    for collection in ["instances", "volumes"] {
        let (mine, theirs) = (env.fresh(collection).await, fresh(&acme, collection).await);
        assert!(
            !theirs.items.is_empty() && ids(&mine.items).is_disjoint(&ids(&theirs.items)),
            "{collection}"
        );
        for (client, hidden) in [(&acme, &mine), (&env.client, &theirs)] {
            let id = hidden.items[0]["id"].as_str().unwrap();
            not_found(client, &format!("/v1/{collection}/{id}")).await;
        }
        let account = [("account", env.account.as_str())];
        let refused = acme.list(collection, &account).await.unwrap_err();
        assert!(refused.to_string().contains("unknown-filter-value"), "{refused}");
    }
    // Published resources have one record for both clients.
    let types = |client: Client| async move { ids(&fresh(&client, "instance_types").await.items) };
    assert_eq!(types(env.client.clone()).await, types(acme.clone()).await);
    for event in acme.events(0).await.unwrap() {
        assert_ne!(event["data"]["account"], env.account.as_str(), "{event}");
    }
}

async fn not_found(client: &Client, path: &str) {
    let answer = client.request("GET".parse().unwrap(), path).await.unwrap();
    assert_eq!(answer.status, 404, "{path}: {}", answer.body);
}

/// Compares the number of listings with the number of changes of `as_of` in the same time.
async fn polled_once(env: &Environment) {
    let as_of = || async {
        let page = env.client.page("instances", &[("limit", "1")]).await.unwrap();
        page.scopes[0]["as_of"].as_str().unwrap().to_owned()
    };
    env.listed_again("instances").await;
    let before = simulator_api::instance_listings(&env.simulator).await;
    let mut seen = BTreeSet::from([as_of().await]);
    while seen.len() < 5 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        seen.insert(as_of().await);
    }
    let asked = simulator_api::instance_listings(&env.simulator).await - before;
    // A listing may be running at each end.
    assert!((3..=5).contains(&asked), "{asked} listings for 4 new states of the scope");
}

fn targets(env: &Environment) -> i64 {
    let mut connection = env.cluster.database.connect();
    let count = diesel::sql_query("SELECT COUNT(*) AS n FROM poll_targets");
    count.get_result::<Count>(&mut connection).unwrap().n
}

fn ids(items: &[Value]) -> BTreeSet<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
