//! The end of tokens: revocation, disabled clients, cached access; and paths that do not exist. The walk over all routes
//! with every kind of bad token is `tests/end_to_end/routes.rs`.

use axum::http::StatusCode;

use super::gateway::TestGateway;

#[tokio::test]
async fn token_is_revoked_by_id_by_principal_and_by_disabled_client() {
    let gateway = TestGateway::with(|config| config.handler.authority_milliseconds = 0).await;
    let (client, first) = gateway.proven("a", &["p1"]).await;
    let second = gateway.token(client.id, 0, 600);
    let revoked = gateway.send("DELETE", "/v1/token", Some(&format!("Bearer {first}")), String::new()).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
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
async fn revoked_token_is_refused_despite_cached_access() {
    let gateway = TestGateway::with(|config| config.handler.authority_milliseconds = 600_000).await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    assert_eq!(gateway.get("/v1/accounts", &token).await.status, StatusCode::OK);
    gateway.send("DELETE", "/v1/token", Some(&format!("Bearer {token}")), String::new()).await;
    assert_eq!(gateway.get("/v1/accounts", &token).await.problem(), "token-revoked");
}

#[tokio::test]
async fn unknown_path_method_and_id_are_problems() {
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
