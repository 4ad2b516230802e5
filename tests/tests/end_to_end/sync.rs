//! The route `/v1/sync`: a full copy that events keep current.

use std::collections::BTreeMap;

use gateway_tests::{TestCluster, tls, until};
use serde_json::Value;

use crate::environment::{Environment, SOON, collections};

/// Records by id and account, with their versions.
type Copy = BTreeMap<(String, String), i64>;

#[tokio::test]
async fn sync_contains_all_lists_at_one_position() {
    let env = Environment::with_cloud(TestCluster::builder("sync").handlers(2), &["--movement", "3"]).await;
    // Each handler may show the states of scopes as they were a second ago.
    let lines = until("a copy of fresh scopes", SOON, || async {
        let lines = sync(&env, "").await;
        let scopes = lines[0]["scopes"].as_array().unwrap();
        anyhow::ensure!(scopes.iter().all(|scope| scope["status"] == "fresh"), "{scopes:?}");
        Ok(lines)
    })
    .await;
    let position = lines[0]["position"].as_i64().unwrap();
    let end = lines.last().unwrap();
    assert_eq!((&end["end"], end["position"].as_i64()), (&Value::Bool(true), Some(position)));
    let mut copy = Copy::new();
    for line in &lines[1..lines.len() - 1] {
        assert!(copy.insert(key(&line["resource"]), version(&line["resource"])).is_none(), "twice: {line}");
    }
    assert!(copy.len() > 100, "{} records", copy.len());

    env.simulator.control("PUT", "movement", &serde_json::json!({ "per_second": 0 })).await;
    until("the copy to be current", SOON, || async {
        let mut copy = copy.clone();
        for event in env.client.events(position).await? {
            follow(&mut copy, &event);
        }
        let mut present = Copy::new();
        for collection in collections() {
            let items = env.client.list(collection, &[]).await?.items;
            present.extend(items.iter().map(|item| (key(item), version(item))));
        }
        anyhow::ensure!(copy == present, "{} copied, {} listed", copy.len(), present.len());
        Ok(())
    })
    .await;

    let volumes = sync(&env, "?kind=volume").await;
    let kinds = volumes[1..volumes.len() - 1].iter().map(|line| line["resource"]["kind"].as_str().unwrap());
    assert!(volumes.len() > 2 && kinds.into_iter().all(|kind| kind == "volume"));
}

async fn sync(env: &Environment, query: &str) -> Vec<Value> {
    let url = format!("{}/v1/sync{query}", env.cluster.front.url());
    let token = env.client.token.as_deref().unwrap();
    let answer = tls::http().get(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let text = answer.text().await.unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Applies an event to the copy. Drops it if the copy has its version or a newer one.
fn follow(copy: &mut Copy, event: &Value) {
    let data = &event["data"];
    let Some(version) = data["version"].as_i64() else { return };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let key = (text(&event["subject"]), text(&data["account"]));
    if copy.get(&key).is_some_and(|held| version <= *held) {
        return;
    }
    match data["resource"].is_null() {
        true => drop(copy.remove(&key)),
        false => drop(copy.insert(key, version)),
    }
}

fn key(resource: &Value) -> (String, String) {
    let text = |key: &str| resource[key].as_str().unwrap().to_owned();
    (text("id"), text("account"))
}

fn version(resource: &Value) -> i64 {
    resource["version"].as_i64().unwrap()
}
