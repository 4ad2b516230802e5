//! `/v1/{plural}` and `/v1/{plural}/{id}`: shapes, filters, pages and visibility.

use axum::http::StatusCode;
use gateway_core::document::observation::Observed;
use gateway_core::id::Holder;
use gateway_core::kind::VolumeState;
use serde_json::{Value, json};

use super::fake_cloud::{IMAGE, VOLUME, image, volume};
use super::gateway::TestGateway;

/// Returns five volumes for each region and account, and one published image for each region.
fn fixtures(region: &str, holder: Holder, kind: gateway_core::Kind) -> Vec<Observed> {
    match holder {
        Holder::Global if kind == IMAGE => vec![image(&format!("image-{region}"))],
        Holder::Account(_) if kind == VOLUME => (0..5)
            .map(|n| {
                let state = if n == 0 { VolumeState::Error } else { VolumeState::Available };
                volume(&format!("{holder}-{region}-{n}"), &format!("v{n}"), state)
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["external_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn record_has_the_same_shape_in_list_and_item() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    let list = gateway.get("/v1/volumes?limit=1&region=r1&state=error", &token).await;
    assert_eq!(list.status, StatusCode::OK, "{list:?}");
    assert!(list.body["position"].as_i64().unwrap() > 0);
    assert_eq!(list.body["next"], Value::Null);
    let scopes = list.body["scopes"].as_array().unwrap();
    assert_eq!(scopes.len(), 1);
    let mut names: Vec<_> = scopes[0].as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["account", "as_of", "cloud", "kind", "reason", "region", "status"]);
    assert_eq!((&scopes[0]["status"], &scopes[0]["cloud"]), (&json!("fresh"), &json!("c1")));
    let record = &list.body["items"][0];
    for (name, value) in [
        ("kind", json!("volume")),
        ("version", json!(1)),
        ("cloud", json!("c1")),
        ("region", json!("r1")),
        ("name", json!("v0")),
        ("state", json!("error")),
        ("cloud_state", json!("WORD")),
        ("visibility", json!("private")),
        ("created_at", json!("2023-11-14T22:13:20.000000Z")),
        ("tags", json!({})),
        ("actions", json!([])),
        ("size_gib", json!(5)),
    ] {
        assert_eq!(record[name], value, "{name}");
    }
    assert_eq!(record["account"], scopes[0]["account"]);
    let link = record["links"]["self"].as_str().unwrap();
    assert_eq!(link, format!("/v1/volumes/{}", record["id"].as_str().unwrap()));
    assert_eq!(gateway.get(link, &token).await.body, *record);
    assert!(record.get("cloud_data").is_none());
    let raw = gateway.get(&format!("{link}?view=raw"), &token).await;
    assert_eq!(raw.body["cloud_data"]["the_clouds_own"], record["external_id"]);
    let raw = gateway.get("/v1/volumes?view=raw&limit=1", &token).await;
    assert!(raw.body["items"][0]["cloud_data"].is_object());
}

#[tokio::test]
async fn pages_return_each_record_of_all_targets_once() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1", "p2"]).await;
    gateway.poll(fixtures).await;
    let whole = ids(&gateway.get("/v1/volumes?limit=1000", &token).await.body);
    assert_eq!(whole.len(), 20);
    for limit in [1, 3, 5, 19, 20] {
        let (mut walked, mut cursor, mut position) = (Vec::new(), String::new(), None);
        loop {
            let page = gateway.get(&format!("/v1/volumes?limit={limit}{cursor}"), &token).await;
            assert_eq!(page.status, StatusCode::OK, "{page:?}");
            assert_eq!(*position.get_or_insert_with(|| page.body["position"].clone()), page.body["position"]);
            walked.extend(ids(&page.body));
            match page.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(walked, whole, "limit {limit}");
    }
}

#[tokio::test]
async fn filter_selects_records_and_unknown_filter_is_refused() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1", "p2"]).await;
    gateway.poll(fixtures).await;
    let accounts = gateway.get("/v1/accounts", &token).await;
    let account = accounts.body["items"][0]["id"].as_str().unwrap().to_owned();
    for (query, count) in [
        ("cloud=c1".to_owned(), 20),
        ("region=r1".to_owned(), 10),
        (format!("account={account}"), 10),
        (format!("account={account}&region=r2&name=v3"), 1),
        ("state=error".to_owned(), 4),
        ("name=nobody".to_owned(), 0),
        ("account=global".to_owned(), 0),
    ] {
        let list = gateway.get(&format!("/v1/volumes?{query}"), &token).await;
        assert_eq!(ids(&list.body).len(), count, "{query}");
    }
    let next = gateway.get("/v1/volumes?limit=1", &token).await.body["next"].as_str().unwrap().to_owned();
    for (query, kind, word) in [
        ("stat=running".to_owned(), "unknown-parameter", "stat"),
        ("limit=0".to_owned(), "invalid-parameter", "1000"),
        ("limit=1001".to_owned(), "invalid-parameter", "1000"),
        ("view=all".to_owned(), "invalid-parameter", "raw"),
        ("state=running".to_owned(), "invalid-parameter", "in_use"),
        ("cloud=c2".to_owned(), "unknown-filter-value", "c2"),
        ("region=r3".to_owned(), "unknown-filter-value", "r3"),
        (format!("account={}", uuid::Uuid::nil()), "unknown-filter-value", "account"),
        ("cursor=nonsense".to_owned(), "invalid-parameter", "cursor"),
        (format!("state=error&cursor={next}"), "invalid-parameter", "cursor"),
    ] {
        let answer = gateway.get(&format!("/v1/volumes?{query}"), &token).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::BAD_REQUEST, kind), "{query}");
        assert!(answer.body["detail"].as_str().unwrap().contains(word), "{query}: {answer:?}");
    }
    assert_eq!(gateway.get("/v1/images?cursor=".to_owned().as_str(), &token).await.status, StatusCode::OK);
    let other_kind = gateway.get(&format!("/v1/images?cursor={next}"), &token).await;
    assert_eq!(other_kind.problem(), "invalid-parameter");
}

#[tokio::test]
async fn account_is_private_and_published_image_is_visible_to_all() {
    let gateway = TestGateway::open().await;
    let (_, mine) = gateway.proven("a", &["p1"]).await;
    let (_, theirs) = gateway.proven("b", &["p2"]).await;
    gateway.poll(fixtures).await;
    let list = gateway.get("/v1/volumes", &mine).await;
    let others = gateway.get("/v1/volumes", &theirs).await;
    assert_eq!((ids(&list.body).len(), ids(&others.body).len()), (10, 10));
    assert!(ids(&list.body).iter().all(|id| !ids(&others.body).contains(id)));
    for record in list.body["items"].as_array().unwrap() {
        let link = record["links"]["self"].as_str().unwrap();
        assert_eq!(gateway.get(link, &mine).await.status, StatusCode::OK);
        assert_eq!(gateway.get(link, &theirs).await.problem(), "no-such-resource");
    }
    let account = list.body["items"][0]["account"].as_str().unwrap();
    let filtered = gateway.get(&format!("/v1/volumes?account={account}"), &theirs).await;
    assert_eq!(filtered.problem(), "unknown-filter-value");
    let images = gateway.get("/v1/images", &theirs).await;
    assert_eq!(ids(&images.body), ids(&gateway.get("/v1/images", &mine).await.body));
    assert_eq!(images.body["items"][0]["account"], "global");
    let link = list.body["items"][0]["links"]["self"].as_str().unwrap().replace("volumes", "images");
    assert_eq!(gateway.get(&link, &mine).await.problem(), "no-such-resource", "an id of another kind");
}

#[tokio::test]
async fn scope_before_its_first_listing_is_stale() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    let list = gateway.get("/v1/instances", &token).await;
    let scopes = list.body["scopes"].as_array().unwrap();
    assert_eq!(scopes.len(), 1, "r2 has no instances: {scopes:?}");
    assert_eq!(scopes[0]["status"], "stale");
    assert_eq!(scopes[0]["reason"], "not listed yet");
    let clouds = gateway.get("/v1/clouds", &token).await;
    assert_eq!(clouds.body["items"][0]["name"], "c1");
    assert_eq!(clouds.body["items"][0]["regions"], json!(["r1", "r2"]));
    assert!(!clouds.body.to_string().contains("127.0.0.1"), "endpoints are only for operators");
}
