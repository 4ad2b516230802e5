//! Proofs: what is granted, what is rejected and in which words, and what renews.

use axum::http::StatusCode;
use gateway_core::Timestamp;
use serde_json::json;

use super::gateway::{Client, TestGateway};

fn reasons(body: &serde_json::Value) -> Vec<String> {
    let rejected = body["rejected"].as_array().unwrap();
    rejected.iter().map(|entry| entry["reason"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn valid_credentials_are_proven_and_invalid_ones_are_named() {
    let gateway = TestGateway::open().await;
    let client = gateway.client("a").await;
    let sent =
        [("c1", "p1", "right"), ("c1", "p2", "wrong"), ("nowhere", "p3", "right"), ("c1", "p4", "skewed")];
    let answer = gateway.check(&client, &sent).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let accounts = answer.body["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0]["cloud"], "c1");
    assert_eq!(accounts[0]["external_id"], "p1");
    assert_eq!(accounts[0]["name"], "account p1");
    assert!(accounts[0]["id"].as_str().unwrap().parse::<uuid::Uuid>().is_ok());
    assert_eq!(reasons(&answer.body), ["refused", "unknown_cloud", "clock_skew"]);
    let expires = Timestamp::parse(answer.body["expires_at"].as_str().unwrap()).unwrap();
    let left = expires.since(gateway.clock.now()).as_secs();
    assert!((3590..=3600).contains(&left), "{left}");
    let token = answer.body["token"].as_str().unwrap();
    let seen = gateway.get("/v1/accounts", token).await;
    assert_eq!(seen.body["items"][0]["external_id"], "p1");
    assert_eq!(seen.body["items"][0]["regions"], json!(["r1", "r2"]));
    assert_eq!(seen.body["items"][0]["kinds"], json!(["image", "instance", "volume"]));
}

#[tokio::test]
async fn nothing_valid_is_a_problem_of_its_own_kind() {
    let gateway = TestGateway::open().await;
    let client = gateway.client("a").await;
    for (sent, status, kind) in [
        (vec![("c1", "p", "wrong")], 401, "refused"),
        (vec![("c1", "p", "wrong"), ("c1", "p", "down")], 503, "unreachable"),
        (vec![("c1", "p", "down"), ("c1", "p", "skewed")], 422, "clock-skew"),
        (vec![("nowhere", "p", "right")], 401, "refused"),
    ] {
        let answer = gateway.check(&client, &sent).await;
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        assert_eq!(answer.problem(), kind);
        assert_eq!(reasons(&answer.body).len(), sent.len());
        assert!(answer.body.get("token").is_none());
    }
    let skewed = gateway.check(&client, &[("c1", "p", "skewed")]).await;
    assert!(skewed.body["rejected"][0]["detail"].as_str().unwrap().contains("400 s ahead"), "{skewed:?}");
}

#[tokio::test]
async fn empty_list_renews_live_grants_only() {
    let gateway = TestGateway::open().await;
    let client = gateway.client("a").await;
    let answer = gateway.check(&client, &[]).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::UNAUTHORIZED, "no-accounts"));
    assert_eq!(gateway.check(&client, &[("c1", "p1", "right")]).await.status, StatusCode::CREATED);
    let renewed = gateway.check(&client, &[]).await;
    assert_eq!(renewed.status, StatusCode::CREATED);
    assert_eq!(renewed.body["accounts"][0]["external_id"], "p1");
    assert_eq!(renewed.body["rejected"], json!([]));
}

#[tokio::test]
async fn only_the_clients_own_secret_opens() {
    let gateway = TestGateway::open().await;
    let (client, other) = (gateway.client("a").await, gateway.client("b").await);
    let swapped = Client { secret: other.secret.clone(), ..client.clone() };
    let unknown = Client { id: gateway_core::id::PrincipalId::generate(), ..client.clone() };
    for wrong in [swapped, unknown] {
        let answer = gateway.check(&wrong, &[("c1", "p1", "right")]).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::UNAUTHORIZED, "client-refused"));
        assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
    }
    gateway.store.client_set_disabled(client.id, true).await.unwrap();
    assert_eq!(gateway.check(&client, &[("c1", "p1", "right")]).await.problem(), "client-refused");
}

#[tokio::test]
async fn malformed_body_is_refused_without_quoting_it() {
    let gateway = TestGateway::open().await;
    let client = gateway.client("a").await;
    let entry = json!({ "cloud": "c1", "credential": { "method": "access_key", "access_key_id": "k", "secret_access_key": "hunter2" } });
    for body in [
        String::new(),
        "[]".to_owned(),
        json!({ "credentials": [entry], "more": 1 }).to_string(),
        json!({ "credentials": "hunter2" }).to_string(),
        json!({ "credentials": vec![entry.clone(); 101] }).to_string(),
    ] {
        let answer = gateway.send("POST", "/v1/check_credentials", Some(&client.basic()), body).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::BAD_REQUEST, "invalid-body"));
        assert!(!answer.body.to_string().contains("hunter2"));
    }
    let wrong_form = json!({ "credentials": [{ "cloud": "c1", "credential": { "method": "access_key", "hunter2": "hunter2" } }] });
    let answer =
        gateway.send("POST", "/v1/check_credentials", Some(&client.basic()), wrong_form.to_string()).await;
    assert_eq!(reasons(&answer.body), ["invalid"]);
}

#[tokio::test]
async fn the_same_credential_again_keeps_its_id_and_another_replaces_it() {
    let gateway = TestGateway::open().await;
    let (client, _) = gateway.proven("a", &["p1"]).await;
    let account = gateway.store.visibility(client.id).await.unwrap().account_ids()[0];
    let stored = async || gateway.store.credential_of(client.id, account).await.unwrap().unwrap();
    let first = stored().await;
    assert!(!first.sealed.contains("right"));
    gateway.check(&client, &[("c1", "p1", "right")]).await;
    assert_eq!(stored().await, first);
    gateway.check(&client, &[("c1", "p1", "another")]).await;
    assert_ne!(stored().await.id, first.id);
}

#[tokio::test]
async fn forbidden_kind_is_named_and_not_listed() {
    let gateway = TestGateway::open().await;
    let client = gateway.client("a").await;
    let answer = gateway.check(&client, &[("c1", "p1", "no-volumes")]).await;
    let token = answer.body["token"].as_str().unwrap();
    let list = gateway.get("/v1/volumes", token).await;
    assert_eq!(list.body["items"], json!([]));
    let scopes = list.body["scopes"].as_array().unwrap();
    assert_eq!(scopes.len(), 2, "{scopes:?}");
    for scope in scopes {
        assert_eq!(scope["status"], "forbidden");
        assert_eq!(scope["as_of"], json!(null));
        assert_eq!(scope["account"], answer.body["accounts"][0]["id"]);
    }
}

#[tokio::test]
async fn name_of_no_cloud_is_quoted_in_part() {
    let gateway = TestGateway::open().await;
    let client = gateway.client("a").await;
    let name = "n".repeat(100_000);
    let answer = gateway.check(&client, &[(&name, "p1", "right"), ("c1", "p1", "right")]).await;
    let rejected = &answer.body["rejected"][0];
    assert_eq!(rejected["reason"], "unknown_cloud");
    assert_eq!(rejected["cloud"], format!("{}...", "n".repeat(64)));
}
