//! Accounts page by page, because a client may have thousands.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::gateway::TestGateway;

fn ids(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pages_of_accounts_have_each_account_once() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1", "p2", "p3", "p4", "p5"]).await;
    let (mut seen, mut sizes, mut path) = (BTreeSet::new(), Vec::new(), "/v1/accounts?limit=2".to_owned());
    loop {
        let page = gateway.get(&path, &token).await.body;
        let of_page = ids(&page["items"]);
        sizes.push(of_page.len());
        assert!(of_page.into_iter().all(|id| seen.insert(id.to_owned())), "{page}");
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/accounts?limit=2&cursor={next}");
    }
    assert_eq!((sizes, seen.len()), (vec![2, 2, 1], 5));
    for query in ["limit=0", "limit=1001", "cursor=none"] {
        let answer = gateway.get(&format!("/v1/accounts?{query}"), &token).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::BAD_REQUEST, "invalid-parameter"),
            "{query}"
        );
    }
}

#[tokio::test]
async fn credential_check_names_what_it_proved_and_at_most_100_accounts() {
    let gateway = TestGateway::open().await;
    let names: Vec<_> = (0..100).map(|number| format!("p{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let (client, token) = gateway.proven("a", &names).await;
    for new in ["q1", "q2"] {
        let answer = gateway.check(&client, &[("c1", new, "right")]).await;
        assert_eq!(answer.body["accounts"].as_array().unwrap().len(), 100);
        assert_eq!(answer.body["accounts"][0]["external_id"], new);
    }
    let renewed = gateway.check(&client, &[]).await.body;
    assert_eq!(renewed["account_summary"], json!({ "total": 102, "link": "/v1/accounts" }));
    let all = gateway.get("/v1/accounts?limit=1000", &token).await.body;
    assert_eq!((ids(&all["items"]).len(), &all["next"]), (102, &Value::Null));
}
