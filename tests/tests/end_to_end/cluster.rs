//! Reads: what the gateway answers is what the cloud has, with its age.

use std::collections::BTreeSet;

use gateway_tests::Cluster;
use serde_json::Value;

use crate::stage::{CLOUD, Stage, collections};
use crate::truth;

#[tokio::test]
async fn a_client_reads_what_the_cloud_has() {
    let stage = Stage::set(Cluster::plan("cluster_reads").handlers(2).pollers(2)).await;
    for collection in collections() {
        let listing = stage.fresh(collection).await;
        let shown: BTreeSet<String> = listing.items.iter().map(|item| text(item, "external_id")).collect();
        assert_eq!(shown, truth::ids(&stage.simulator, collection).await, "{collection}");
        assert_eq!(shown.len(), listing.items.len(), "{collection}: one is there twice");
        pages(&stage, collection, &listing.items).await;
        items(&stage, collection, &listing.items).await;
        scopes(&stage, collection, &listing.scopes);
    }
    filters(&stage).await;
    plain_lists(&stage).await;
}

/// Small pages, put together, are the whole; a cursor fits its own listing only.
async fn pages(stage: &Stage, collection: &str, whole: &[Value]) {
    let paged = stage.client.list(collection, &[("limit", "7")]).await.unwrap();
    let ids = |items: &[Value]| items.iter().map(|item| text(item, "id")).collect::<Vec<_>>();
    assert_eq!(ids(&paged.items), ids(whole), "{collection}");
    // There is one router; of everything else there is more than goes on a page.
    let limit = (whole.len() - 1).clamp(1, 3);
    let first = stage.client.page(collection, &[("limit", &limit.to_string())]).await.unwrap();
    assert_eq!(first.items.len(), limit);
    let Some(cursor) = first.next else {
        assert_eq!((collection, whole.len()), ("routers", 1));
        return;
    };
    let other = stage.client.page(collection, &[("cursor", &cursor), ("name", "x")]).await.unwrap_err();
    assert!(other.to_string().contains("bad-parameter"), "{other}");
}

/// An item is what the list shows of it; the cloud's own document comes when asked for.
async fn items(stage: &Stage, collection: &str, whole: &[Value]) {
    let listed = &whole[0];
    let path = format!("/v1/{collection}/{}", text(listed, "id"));
    assert_eq!(listed["links"]["self"], path.as_str());
    let item = stage.client.get(&path).await.unwrap();
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
    let raw = stage.client.get(&format!("{path}?view=raw")).await.unwrap();
    assert_eq!(raw["cloud_data"]["id"], item["external_id"], "{raw}");
    let listed = stage.client.page(collection, &[("view", "raw"), ("limit", "2")]).await.unwrap();
    assert!(listed.items.iter().all(|item| item["cloud_data"]["id"] == item["external_id"]));
}

/// One scope for what the account has, one for what the cloud publishes, each as far as the kind knows them.
fn scopes(stage: &Stage, collection: &str, scopes: &[Value]) {
    let accounts: BTreeSet<&str> = scopes.iter().filter_map(|scope| scope["account"].as_str()).collect();
    let expected: &[&str] = match collection {
        "instance_types" | "volume_types" | "datacenters" => &["global"],
        "images" | "networks" | "subnets" => &[&stage.account, "global"],
        _ => &[&stage.account],
    };
    assert_eq!(accounts, expected.iter().copied().collect(), "{collection}");
    for scope in scopes {
        assert_eq!((&scope["cloud"], &scope["region"]), (&CLOUD.into(), &"north".into()), "{scope}");
        assert!(scope["as_of"].as_str().is_some_and(|at| at.ends_with('Z')), "{scope}");
        assert!(scope["reason"].is_null(), "{scope}");
    }
}

async fn filters(stage: &Stage) {
    let all = stage.fresh("instances").await.items;
    let count = |key: &str, value: &str| all.iter().filter(|item| item[key] == value).count();
    let name = text(&all[5], "name");
    for (key, value) in [
        ("cloud", CLOUD),
        ("region", "north"),
        ("account", &stage.account),
        ("state", "running"),
        ("state", "stopped"),
        ("name", &name),
    ] {
        let found = stage.client.list("instances", &[(key, value), ("limit", "7")]).await.unwrap();
        assert_eq!(found.items.len(), count(key, value), "{key}={value}");
        assert!(found.items.iter().all(|item| item[key] == value), "{key}={value}");
    }
    assert!(count("state", "running") > 0 && count("name", &name) < all.len(), "the filters have work");
    let published = stage.client.list("images", &[("account", "global")]).await.unwrap();
    assert!(!published.items.is_empty() && published.items.iter().all(|item| item["account"] == "global"));
}

async fn plain_lists(stage: &Stage) {
    let clouds = stage.client.get("/v1/clouds").await.unwrap();
    let [cloud] = clouds["items"].as_array().unwrap().as_slice() else { panic!("{clouds}") };
    assert_eq!((&cloud["name"], &cloud["driver"]), (&CLOUD.into(), &"simulator".into()));
    let accounts = stage.client.get("/v1/accounts").await.unwrap();
    let [account] = accounts["items"].as_array().unwrap().as_slice() else { panic!("{accounts}") };
    assert_eq!(account["id"], stage.account.as_str());
    assert_eq!(account["name"], "demo");
    assert!(accounts.to_string().find("secret").is_none());
}

fn text(item: &Value, key: &str) -> String {
    item[key].as_str().unwrap_or_else(|| panic!("no {key} in {item}")).to_owned()
}
