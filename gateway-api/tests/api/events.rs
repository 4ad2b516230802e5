//! `/v1/events`: following without gaps, pages, and the events of others.

use axum::http::StatusCode;
use gateway_core::id::Holder;
use gateway_core::kind::VolumeState;
use serde_json::{Value, json};

use super::fake_cloud::{VOLUME, volume};
use super::gateway::TestGateway;

#[tokio::test]
async fn events_after_a_list_are_the_later_changes() {
    let gateway = TestGateway::with(|config| config.handler.authority_milliseconds = 0).await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    let (_, other) = gateway.proven("b", &["p2"]).await;
    let one = |state| {
        move |region: &str, holder: Holder, kind| match holder {
            Holder::Account(_) if kind == VOLUME && region == "r1" => {
                vec![volume(&format!("v-{holder}"), "n", state)]
            }
            _ => Vec::new(),
        }
    };
    let before = gateway.get("/v1/volumes", &token).await.body["position"].as_i64().unwrap();
    gateway.poll(one(VolumeState::Available)).await;
    let page = gateway.get(&format!("/v1/events?after={before}"), &token).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    let events = page.body["items"].as_array().unwrap();
    let created: Vec<_> = events.iter().filter(|event| event["type"] == "gateway.resource.created").collect();
    assert_eq!(created.len(), 1, "{events:?}");
    let event = created[0];
    for (name, value) in [
        ("version", json!(1)),
        ("kind", json!("volume")),
        ("cloud", json!("c1")),
        ("region", json!("r1")),
        ("old_state", Value::Null),
        ("new_state", json!("available")),
    ] {
        assert_eq!(event["data"][name], value, "{name}");
    }
    let list = gateway.get("/v1/volumes", &token).await;
    assert_eq!(event["data"]["resource"], list.body["items"][0]);
    assert_eq!(event["subject"], list.body["items"][0]["id"]);
    assert_eq!(page.body["position"], list.body["position"]);
    assert_eq!(page.body["more"], false);
    let others = gateway.get(&format!("/v1/events?after={before}"), &other).await;
    assert!(!others.body.to_string().contains(event["subject"].as_str().unwrap()));
    let end = page.body["position"].as_i64().unwrap();
    assert_eq!(gateway.get(&format!("/v1/events?after={end}"), &token).await.body["items"], json!([]));
}

#[tokio::test]
async fn new_grant_adds_its_events_despite_cached_access() {
    let gateway = TestGateway::with(|config| config.handler.authority_milliseconds = 600_000).await;
    let (client, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(|_, _, _| Vec::new()).await;
    let page = gateway.get("/v1/events?after=0", &token).await;
    let after = page.body["position"].as_i64().unwrap();
    let proof = gateway.second_process().check(&client, &[("c1", "p2", "right")]).await;
    assert_eq!(proof.status, StatusCode::CREATED);
    gateway
        .poll(|region, holder, kind| match holder {
            Holder::Account(_) if kind == VOLUME && region == "r1" => {
                vec![volume("of-p2", "n", VolumeState::Available)]
            }
            _ => Vec::new(),
        })
        .await;
    let page = gateway.get(&format!("/v1/events?after={after}"), &token).await;
    let types: Vec<_> =
        page.body["items"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["gateway.grant.changed", "gateway.resource.created"]);
}

#[tokio::test]
async fn end_of_the_last_grant_is_an_event() {
    let gateway = TestGateway::open().await;
    let (client, token) = gateway.proven("a", &["p1"]).await;
    let (_, stranger) = gateway.proven("b", &["p2"]).await;
    let account =
        gateway.get("/v1/accounts", &token).await.body["items"][0]["id"].as_str().unwrap().to_owned();
    gateway.poll(|_, _, _| Vec::new()).await;
    let after = gateway.get("/v1/events?after=0", &token).await.body["position"].as_i64().unwrap();
    let credential = gateway.store.credential_of(client.id, account.parse().unwrap()).await.unwrap().unwrap();
    for _ in 0..2 {
        gateway.store.grant_refused(&credential).await.unwrap();
    }
    gateway.poll(|_, _, _| Vec::new()).await;
    let page = gateway.second_process().get(&format!("/v1/events?after={after}"), &token).await;
    let [event] = page.body["items"].as_array().unwrap().as_slice() else { panic!("{}", page.body) };
    assert_eq!(event["type"], "gateway.grant.changed");
    assert_eq!(event["data"]["change"], "ended");
    assert_eq!((&event["data"]["cloud"], &event["subject"]), (&json!("c1"), &json!(account)));
    assert!(!event.to_string().contains(&client.id.to_string()), "the event names no principal");
    let others = gateway.second_process().get(&format!("/v1/events?after={after}"), &stranger).await;
    assert_eq!(others.body["items"], json!([]));
}

#[tokio::test]
async fn pages_of_events_join_without_gaps() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway
        .poll(|_, holder, kind| match holder {
            Holder::Account(_) if kind == VOLUME => {
                (0..5).map(|n| volume(&format!("v{n}"), "n", VolumeState::Available)).collect()
            }
            _ => Vec::new(),
        })
        .await;
    let all = gateway.get("/v1/events?after=0", &token).await;
    let all: Vec<_> = all.body["items"].as_array().unwrap().clone();
    assert!(all.len() >= 10);
    let (mut after, mut walked) = (0, Vec::new());
    loop {
        let page = gateway.get(&format!("/v1/events?after={after}&limit=3"), &token).await;
        let events = page.body["items"].as_array().unwrap();
        walked.extend(events.iter().cloned());
        after = page.body["position"].as_i64().unwrap();
        if page.body["more"] == false {
            break;
        }
        assert_eq!(events.len(), 3);
    }
    assert_eq!(walked, all);
}

#[tokio::test]
async fn purged_position_is_expired_and_bad_position_is_refused() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(|_, _, _| Vec::new()).await;
    for query in ["", "?after=-1", "?after=x", "?after=1&limit=0", "?after="] {
        let answer = gateway.get(&format!("/v1/events{query}"), &token).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::BAD_REQUEST, "invalid-parameter"),
            "{query}"
        );
    }
    // A second grant: its event stays when the first is purged.
    gateway.proven("b", &["p2"]).await;
    gateway.number().await;
    let owner = gateway_core::id::ProcessId::generate();
    let leader = gateway.store.relay_lead(owner, std::time::Duration::from_secs(30)).await.unwrap().unwrap();
    gateway.store.relay_published(leader.epoch, 1).await.unwrap();
    let now = gateway.clock.now().plus(std::time::Duration::from_secs(60));
    assert_eq!(gateway.store.events_purge(now, 10).await.unwrap(), 1);
    let answer = gateway.get("/v1/events?after=0", &token).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::GONE, "expired"));
    assert!(answer.body["detail"].as_str().unwrap().contains("list again"));
}
