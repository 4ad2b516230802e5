//! Lists and items of all collections: equal to the cloud, with their age.

use std::collections::BTreeSet;

use gateway_tests::TestCluster;
use serde_json::Value;

use crate::environment::{CLOUD, Environment, collections};
use crate::simulator_api;

#[tokio::test]
async fn collections_equal_the_cloud() {
    let env = Environment::start(TestCluster::builder("collections").handlers(2).pollers(2)).await;
    for collection in collections() {
        let listing = env.fresh(collection).await;
        let shown: BTreeSet<String> = listing.items.iter().map(|item| text(item, "external_id")).collect();
        assert_eq!(shown, simulator_api::ids(&env.simulator, collection).await, "{collection}");
        assert_eq!(shown.len(), listing.items.len(), "{collection}: duplicate items");
        pages(&env, collection, &listing.items).await;
        items(&env, collection, &listing.items).await;
        scopes(&env, collection, &listing.scopes);
    }
    filters(&env).await;
    plain_lists(&env).await;
}

/// Asserts that small pages add up to the whole list, and that a cursor belongs to its query.
async fn pages(env: &Environment, collection: &str, whole: &[Value]) {
    let paged = env.client.list(collection, &[("limit", "7")]).await.unwrap();
    let ids = |items: &[Value]| items.iter().map(|item| text(item, "id")).collect::<Vec<_>>();
    assert_eq!(ids(&paged.items), ids(whole), "{collection}");
    // Each collection has more than one page, except routers, of which one exists.
    let limit = (whole.len() - 1).clamp(1, 3);
    let first = env.client.page(collection, &[("limit", &limit.to_string())]).await.unwrap();
    assert_eq!(first.items.len(), limit);
    let Some(cursor) = first.next else {
        assert_eq!((collection, whole.len()), ("routers", 1));
        return;
    };
    let other = env.client.page(collection, &[("cursor", &cursor), ("name", "x")]).await.unwrap_err();
    assert!(other.to_string().contains("invalid-parameter"), "{other}");
}

/// Asserts that an item equals its list entry, and that `view=raw` adds the document of the cloud.
async fn items(env: &Environment, collection: &str, whole: &[Value]) {
    let listed = &whole[0];
    let path = format!("/v1/{collection}/{}", text(listed, "id"));
    assert_eq!(listed["links"]["self"], path.as_str());
    let item = env.client.get(&path).await.unwrap();
    assert_eq!(&item, listed);
    for key in [
        "id",
        "kind",
        "version",
        "cloud",
        "region",
        "account",
        "external_id",
        "name",
        "state",
        "cloud_state",
        "owner",
        "visibility",
        "created_at",
        "updated_at",
        "changed_at",
        "tags",
        "actions",
        "links",
    ] {
        assert!(item.get(key).is_some(), "{collection}: no {key} in {item}");
    }
    assert_eq!((&item["cloud"], &item["region"]), (&CLOUD.into(), &"north".into()));
    assert!(item.get("cloud_data").is_none());
    let raw = env.client.get(&format!("{path}?view=raw")).await.unwrap();
    assert_eq!(raw["cloud_data"]["id"], item["external_id"], "{raw}");
    let listed = env.client.page(collection, &[("view", "raw"), ("limit", "2")]).await.unwrap();
    assert!(listed.items.iter().all(|item| item["cloud_data"]["id"] == item["external_id"]));
}

/// Asserts one scope for the account and one for published resources, as far as the kind has them.
fn scopes(env: &Environment, collection: &str, scopes: &[Value]) {
    let accounts: BTreeSet<&str> = scopes.iter().filter_map(|scope| scope["account"].as_str()).collect();
    let expected: &[&str] = match collection {
        "instance_types" | "volume_types" | "datacenters" => &["global"],
        "images" | "networks" | "subnets" => &[&env.account, "global"],
        _ => &[&env.account],
    };
    assert_eq!(accounts, expected.iter().copied().collect(), "{collection}");
    for scope in scopes {
        assert_eq!((&scope["cloud"], &scope["region"]), (&CLOUD.into(), &"north".into()), "{scope}");
        assert!(scope["as_of"].as_str().is_some_and(|at| at.ends_with('Z')), "{scope}");
        assert!(scope["reason"].is_null(), "{scope}");
    }
}

async fn filters(env: &Environment) {
    let all = env.fresh("instances").await.items;
    let count = |key: &str, value: &str| all.iter().filter(|item| item[key] == value).count();
    let name = text(&all[5], "name");
    for (key, value) in [
        ("cloud", CLOUD),
        ("region", "north"),
        ("account", &env.account),
        ("state", "running"),
        ("state", "stopped"),
        ("name", &name),
    ] {
        let found = env.client.list("instances", &[(key, value), ("limit", "7")]).await.unwrap();
        assert_eq!(found.items.len(), count(key, value), "{key}={value}");
        assert!(found.items.iter().all(|item| item[key] == value), "{key}={value}");
    }
    assert!(count("state", "running") > 0 && count("name", &name) < all.len(), "the filters select a part");
    let published = env.client.list("images", &[("account", "global")]).await.unwrap();
    assert!(!published.items.is_empty() && published.items.iter().all(|item| item["account"] == "global"));
}

async fn plain_lists(env: &Environment) {
    let clouds = env.client.get("/v1/clouds").await.unwrap();
    let [cloud] = clouds["items"].as_array().unwrap().as_slice() else { panic!("{clouds}") };
    assert_eq!((&cloud["name"], &cloud["driver"]), (&CLOUD.into(), &"simulator".into()));
    let accounts = env.client.get("/v1/accounts").await.unwrap();
    let [account] = accounts["items"].as_array().unwrap().as_slice() else { panic!("{accounts}") };
    assert_eq!(account["id"], env.account.as_str());
    assert_eq!(account["name"], "demo");
    assert!(accounts.to_string().find("secret").is_none());
}

fn text(item: &Value, key: &str) -> String {
    item[key].as_str().unwrap_or_else(|| panic!("no {key} in {item}")).to_owned()
}
