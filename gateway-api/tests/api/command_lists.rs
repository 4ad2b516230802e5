//! Lists of ids in commands: their limits.

use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::gateway::TestGateway;

#[tokio::test]
async fn overlong_list_is_refused_before_anything_is_read() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("dashboard", &["a1"]).await;
    let bearer = format!("Bearer {token}");
    assert_eq!(gateway.get("/v1/accounts", &token).await.status, StatusCode::OK);
    gateway.execute("DROP TABLE operations; DROP TABLE resources");
    let ids = |count: usize| (0..count).map(|_| Uuid::new_v4()).collect::<Vec<_>>();
    let command = json!({ "name": "web", "region": "r1", "image": Uuid::new_v4(), "instance_type": Uuid::new_v4(),
                          "networks": ids(25_000), "security_groups": ids(65), "subnets": ids(32) });
    let answer = gateway.send("POST", "/v1/instances", Some(&bearer), command.to_string()).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid-command"));
    let errors = json!([
        { "pointer": "/networks", "detail": "must have at most 32 items" },
        { "pointer": "/security_groups", "detail": "must have at most 64 items" },
    ]);
    assert_eq!(answer.body["errors"], errors);
}
