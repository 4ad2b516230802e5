//! Pages of large records: they end at a number of bytes, and the next page goes on from there.

use axum::http::StatusCode;
use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::id::Holder;
use gateway_core::kind::VolumeState;
use serde_json::Value;

use super::fake_cloud::{VOLUME, volume};
use super::gateway::TestGateway;

/// The most bytes of an answer, well below the limit of a message.
const MOST: usize = 700 << 10;

/// The bytes of the largest record, which has an answer of its own.
const LARGEST: usize = 600 << 10;

const COUNT: usize = 120;

/// Returns volumes of 10 KB, the seventh of 600 KB.
fn fixtures(region: &str, holder: Holder, kind: Kind) -> Vec<Observed> {
    if region != "r1" || kind != VOLUME || holder == Holder::Global {
        return Vec::new();
    }
    let large = |number: usize| {
        let mut seen = volume(&format!("v-{number}"), &format!("v-{number:03}"), VolumeState::Available);
        let bytes = if number == 7 { LARGEST } else { 10_000 };
        seen.tags.insert("filler".to_owned(), "x".repeat(bytes));
        seen
    };
    (0..COUNT).map(large).collect()
}

#[tokio::test]
async fn list_pages_end_at_their_bytes_and_hold_every_record_once() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    for sort in ["", "&sort=-name", "&sort=created_at"] {
        let (mut ids, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = gateway.get(&format!("/v1/volumes?limit=1000{sort}{cursor}"), &token).await;
            assert_eq!(page.status, StatusCode::OK, "{sort}: {}", page.body);
            assert!(page.body.to_string().len() < MOST, "{sort}: {} bytes", page.body.to_string().len());
            let items = page.body["items"].as_array().unwrap();
            ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            pages += 1;
            match page.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), COUNT, "{sort}");
        assert!((4..=7).contains(&pages), "{sort}: {pages} pages");
    }
    let short = gateway.get("/v1/volumes?limit=1000&fields=id,name", &token).await;
    assert_eq!(short.body["items"].as_array().unwrap().len(), COUNT, "only what is sent counts");
}

#[tokio::test]
async fn parts_of_a_copy_end_at_their_bytes() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    let (mut lines, mut target) = (0, "/v1/sync".to_owned());
    loop {
        let part = gateway.get(&target, &token).await;
        // A part of one line is a JSON value, others are text.
        let text = part.body.as_str().map_or_else(|| part.body.to_string(), str::to_owned);
        assert!(text.len() < MOST, "{} bytes", text.len());
        lines += text.lines().count();
        match part.headers.get("gateway-continue") {
            Some(next) => target = next.to_str().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(lines, COUNT + 2);
}

#[tokio::test]
async fn event_pages_end_at_their_bytes_and_a_large_record_is_a_link() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    let (mut created, mut links, mut after) = (0, Vec::new(), 0);
    loop {
        let page = gateway.get(&format!("/v1/events?after={after}&limit=1000"), &token).await;
        assert!(page.body.to_string().len() < MOST, "{} bytes", page.body.to_string().len());
        for event in page.body["items"].as_array().unwrap() {
            created += usize::from(event["type"] == "gateway.resource.created");
            links.extend(event["data"]["resource_link"].as_str().map(str::to_owned));
            let is_linked = event["data"]["resource_link"].is_string();
            assert!(!is_linked || event["data"]["resource"] == Value::Null);
        }
        let position = page.body["position"].as_i64().unwrap();
        assert!(position > after || page.body["more"] == false);
        after = position;
        if page.body["more"] == false {
            break;
        }
    }
    assert_eq!((created, links.len()), (COUNT, 1));
    let record = gateway.get(&links[0], &token).await;
    assert_eq!(record.body["tags"]["filler"].as_str().map(str::len), Some(LARGEST));
}
