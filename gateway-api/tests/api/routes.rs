//! A walk over every route of the OpenAPI document with every token that must not do.

use axum::http::StatusCode;
use gateway_api::openapi;
use gateway_core::access::keyring::Keyring;
use gateway_core::access::token::{self, Claims};
use gateway_core::id::{Holder, PrincipalId, TokenId};
use gateway_core::kind::VolumeState;

use super::fake_cloud::{VOLUME, volume};
use super::gateway::TestGateway;

/// Every operation that handlers answer, with something in the place of its parameters.
fn operations(id: &str) -> Vec<(String, String, bool)> {
    let document = openapi::document();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["x-gateway-class"] == "front" {
                continue;
            }
            let bearer = operation["security"][0].get("token").is_some();
            let after = if path == "/v1/events" { "?after=0" } else { "" };
            operations.push((method.to_uppercase(), path.replace("{id}", id) + after, bearer));
        }
    }
    assert!(operations.len() >= 13, "{operations:?}");
    operations
}

#[tokio::test]
async fn nothing_is_answered_that_should_not_be() {
    let gateway = TestGateway::open().await;
    let (client, good) = gateway.proven("owner", &["p1"]).await;
    gateway
        .poll(|region, holder, kind| match holder {
            Holder::Account(_) if kind == VOLUME && region == "r1" => {
                vec![volume("v1", "hush-hush", VolumeState::Available)]
            }
            _ => Vec::new(),
        })
        .await;
    let record = gateway.get("/v1/volumes", &good).await.body["items"][0].clone();
    let id = record["id"].as_str().unwrap();

    let now = gateway.clock.now();
    let claims =
        Claims { sub: client.id, iat: now.seconds(), exp: now.seconds() + 60, jti: TokenId::generate() };
    let forged = token::issue(&Keyring::generate(now).unwrap(), &claims, now).unwrap();
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let mut changed = good.clone();
    changed.insert(changed.len() / 2, 'x');
    let refused = [
        (None, "token-missing"),
        (Some("Bearer".to_owned()), "token-missing"),
        (Some(format!("Basic {good}")), "token-missing"),
        (bearer("nonsense"), "token-malformed"),
        (bearer(forged.expose()), "token-forged"),
        (bearer(&gateway.token(client.id, -100, -1)), "token-expired"),
        (bearer(&gateway.token(PrincipalId::generate(), 0, 60)), "token-revoked"),
    ];
    for (method, target, is_bearer) in operations(id) {
        for (authorization, problem) in &refused {
            let answer = gateway.send(&method, &target, authorization.as_deref(), String::new()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {target} {problem}");
            let challenge = answer.headers["www-authenticate"].to_str().unwrap().to_owned();
            if is_bearer {
                assert_eq!(answer.problem(), *problem, "{method} {target}");
                assert!(challenge.starts_with("Bearer"));
            } else {
                assert!(challenge.starts_with("Basic"));
            }
        }
        let answer = gateway.send(&method, &target, bearer(&changed).as_deref(), String::new()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {target}");
    }

    // Another principal's good token opens its own things only.
    let (_, other) = gateway.proven("other", &["p2"]).await;
    for (method, target, is_bearer) in operations(id) {
        if is_bearer && method == "GET" {
            let answer = gateway.get(&target, &other).await;
            let text = answer.body.to_string();
            assert!(!text.contains("hush-hush") && !text.contains("\"p1\""), "{target}: {text}");
        }
    }
    assert_eq!(gateway.get(record["links"]["self"].as_str().unwrap(), &good).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_ends_by_its_own_id_by_its_principal_and_by_disabling() {
    let gateway = TestGateway::with(|config| config.handler.authority_milliseconds = 0).await;
    let (client, first) = gateway.proven("a", &["p1"]).await;
    let second = gateway.token(client.id, 0, 600);
    let gone = gateway.send("DELETE", "/v1/token", Some(&format!("Bearer {first}")), String::new()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(gateway.get("/v1/accounts", &first).await.problem(), "token-revoked");
    assert_eq!(gateway.get("/v1/accounts", &second).await.status, StatusCode::OK);
    gateway.store.tokens_revoke_all(client.id).await.unwrap();
    assert_eq!(gateway.get("/v1/accounts", &second).await.problem(), "token-revoked");
    let renewed = gateway.check(&client, &[]).await;
    let renewed = renewed.body["token"].as_str().unwrap();
    assert_eq!(
        gateway.get("/v1/accounts", renewed).await.status,
        StatusCode::OK,
        "renewed in the same second"
    );
    gateway.store.client_set_disabled(client.id, true).await.unwrap();
    assert_eq!(gateway.get("/v1/accounts", renewed).await.problem(), "token-revoked");
}

#[tokio::test]
async fn a_revoked_token_is_worthless_at_once_though_authority_is_remembered() {
    let gateway = TestGateway::with(|config| config.handler.authority_milliseconds = 600_000).await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    assert_eq!(gateway.get("/v1/accounts", &token).await.status, StatusCode::OK);
    gateway.send("DELETE", "/v1/token", Some(&format!("Bearer {token}")), String::new()).await;
    assert_eq!(gateway.get("/v1/accounts", &token).await.problem(), "token-revoked");
}

#[tokio::test]
async fn unknown_paths_and_other_methods_are_problems_too() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    let token = format!("Bearer {token}");
    for (method, target, problem) in [
        ("GET", "/v1/nothing", "no-such-path"),
        ("GET", "/", "no-such-path"),
        ("PUT", "/v1/volumes", "method-not-allowed"),
        ("GET", "/v1/volumes/not-an-id", "no-such-resource"),
    ] {
        let answer = gateway.send(method, target, Some(&token), String::new()).await;
        assert_eq!(answer.problem(), problem, "{method} {target}");
    }
}
