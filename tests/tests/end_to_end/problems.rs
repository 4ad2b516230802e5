//! Problem documents of wrong credentials, bodies, queries and paths.

use gateway_tests::client::{Answer, access_key, password};
use gateway_tests::{Client, Simulator, TestCluster, ports};
use reqwest::Method;
use serde_json::{Value, json};

use crate::environment::{CLOUD, SMALL, demo_credential, poll_every_second, problem_type};

#[tokio::test]
async fn wrong_credentials_bodies_and_queries_are_refused() {
    let builder = poll_every_second(TestCluster::builder("problems"));
    let (simulator, cluster) = tokio::join!(Simulator::with(&SMALL), builder.start());
    cluster.add_cloud(CLOUD, "simulator", simulator.url(), &[]).await;
    let nowhere = format!("http://127.0.0.1:{}", ports::free());
    cluster.add_cloud("nowhere", "simulator", &nowhere, &[]).await;
    let mut client = cluster.register_client("dashboard").await;

    let wrong = access_key(CLOUD, "demo", "wrong-secret-7d1e");
    let answer = client.check_credentials(std::slice::from_ref(&wrong)).await.unwrap();
    assert_problem(&answer, 401, "refused");
    assert_eq!(reasons(&answer.body), ["refused"]);
    let answer = client.check_credentials(&[access_key("elsewhere", "demo", "demo-secret")]).await.unwrap();
    assert_problem(&answer, 401, "refused");
    assert_eq!(reasons(&answer.body), ["unknown_cloud"]);
    let answer = client.check_credentials(&[password(CLOUD, "u", "pass-word-7d1e", "p")]).await.unwrap();
    assert_eq!(reasons(&answer.body), ["invalid"], "{}", answer.body);
    let unreachable = access_key("nowhere", "demo", "demo-secret");
    let answer = client.check_credentials(std::slice::from_ref(&unreachable)).await.unwrap();
    assert_problem(&answer, 503, "unreachable");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(reasons(&answer.body), ["unreachable"]);

    let login = client.login(&[wrong, demo_credential(), unreachable]).await.unwrap();
    assert_eq!(login.accounts.len(), 1);
    let rejected: Vec<&Value> = login.rejected.iter().map(|one| &one["reason"]).collect();
    assert_eq!(rejected, ["refused", "unreachable"], "a wrong credential does not affect a valid one");
    clients(&client).await;
    bodies(&client, cluster.front.url()).await;
    queries(&client).await;
    let logs = [cluster.front.log(), cluster.handlers[0].log(), cluster.pollers[0].log()].concat();
    for secret in ["7d1e", "demo-secret", client.secret.as_str(), client.token.as_deref().unwrap()] {
        assert!(!logs.contains(secret), "a secret is in a log");
    }
}

async fn clients(client: &Client) {
    let with = |id: &str, secret: &str| {
        let mut other = client.clone();
        (other.id, other.secret) = (id.to_owned(), secret.to_owned());
        other
    };
    let unknown = "0b9c4b5e-0000-4000-8000-000000000000";
    for wrong in [with(&client.id, "no"), with(unknown, &client.secret), with(&client.id, "")] {
        assert_problem(&wrong.check_credentials(&[demo_credential()]).await.unwrap(), 401, "client-refused");
    }
    let answer = with("not-an-id", "x").check_credentials(&[demo_credential()]).await.unwrap();
    assert_problem(&answer, 401, "client-missing");
    assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
}

async fn bodies(client: &Client, url: &str) {
    let http = gateway_tests::tls::http();
    let many = json!({"credentials": vec![demo_credential(); 101]}).to_string();
    let entry = r#"{"credentials":[{"cloud":"sim","secret":"body-7d1e"}]}"#;
    for body in ["", "{", "[]", "{}", r#"{"credentials":[],"more":1}"#, entry, many.as_str()] {
        let request = http.post(format!("{url}/v1/check_credentials")).body(body.to_owned());
        let answer = request.basic_auth(&client.id, Some(&client.secret)).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body:.40}");
        let text = answer.text().await.unwrap();
        assert!(text.contains("/problems/invalid-body") && !text.contains("7d1e"), "{text}");
    }
    let request = http.post(format!("{url}/v1/check_credentials")).body(vec![b' '; (1 << 20) + 1]);
    let answer = request.basic_auth(&client.id, Some(&client.secret)).send().await.unwrap();
    assert_eq!(answer.status(), 413);
}

async fn queries(client: &Client) {
    for (path, status, kind) in [
        ("/v1/instances?stat=running", 400, "unknown-parameter"),
        ("/v1/instances?limit=5&limit=6", 400, "invalid-parameter"),
        ("/v1/instances?limit=0", 400, "invalid-parameter"),
        ("/v1/instances?limit=1001", 400, "invalid-parameter"),
        ("/v1/instances?state=happy", 400, "invalid-parameter"),
        ("/v1/instances?view=all", 400, "invalid-parameter"),
        ("/v1/instances?cursor=AAAA", 400, "invalid-parameter"),
        ("/v1/instances?cloud=elsewhere", 400, "unknown-filter-value"),
        ("/v1/instances?region=south", 400, "unknown-filter-value"),
        ("/v1/events", 400, "invalid-parameter"),
        ("/v1/events?after=-1", 400, "invalid-parameter"),
        ("/v1/clouds?x=1", 400, "unknown-parameter"),
        ("/v1/instances/not-an-id", 404, "no-such-resource"),
        ("/v1/instances/0b9c4b5e-0000-5000-8000-000000000000", 404, "no-such-resource"),
        ("/v1/instance", 404, "no-such-path"),
        ("/", 404, "no-such-path"),
    ] {
        let answer = client.request(Method::GET, path).await.unwrap();
        assert_problem(&answer, status, kind);
    }
    let answer = client.request(Method::PUT, "/v1/instances").await.unwrap();
    assert_problem(&answer, 405, "method-not-allowed");
    assert_eq!(answer.headers["allow"], "GET, POST, HEAD");
}

/// Asserts a problem document (RFC 9457) with the id of the request.
fn assert_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!((answer.status.as_u16(), problem_type(&answer.body)), (status, kind), "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.body["status"], status);
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(answer.body["instance"], format!("urn:uuid:{id}"));
}

fn reasons(body: &Value) -> Vec<&str> {
    body["rejected"].as_array().into_iter().flatten().filter_map(|one| one["reason"].as_str()).collect()
}
