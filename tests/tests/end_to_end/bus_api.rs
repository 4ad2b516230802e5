//! The bus as a public interface: a Python program publishes the documented JSON and gets the same answer as over
//! HTTP.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::ensure;
use gateway_tests::{Gateway, TestCluster, until};
use reqwest::Method;
use serde_json::{Value, json};

use crate::environment::{Environment, SOON, problem_type};

/// Debian's Python, which has the pika package.
const PYTHON: &str = "/usr/bin/python3";

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/bus_api/ask.py");

#[tokio::test]
async fn amqp_reply_equals_http_answer() {
    let builder = TestCluster::builder("bus_api").set("bus.accept_plain_secrets", true);
    let mut env = Environment::start(builder).await;
    let token = env.client.token.clone().unwrap();
    let read = |target: &str| json!({"class": "read", "method": "GET", "target": target, "token": token});

    for target in ["/v1/instances?limit=5", "/v1/accounts", "/v1/instances?limit=0", "/v1/instances/none"] {
        // A poll between both requests may change the age of the answer.
        until("the same answer over both", SOON, || async {
            let http = env.client.request(Method::GET, target).await?;
            let [reply] = ask(&env, &[read(target)]).try_into().unwrap();
            ensure!(reply["status"] == http.status.as_u16(), "{reply}");
            let (bus, http) = (without_instance(body(&reply)), without_instance(http.body));
            ensure!(bus == http, "{bus} and {http}");
            Ok(())
        })
        .await;
    }
    unreadable(&env, &read("/v1/clouds")).await;

    let strict = env.cluster.settings.clone().with("bus.accept_plain_secrets", false);
    env.cluster.handlers[0].kill9();
    env.cluster.handlers[0] = Gateway::role("handler", &strict).await;
    let [reply] = ask(&env, &[read("/v1/instances?limit=5")]).try_into().unwrap();
    assert_eq!(reply["status"], 403, "{reply}");
    assert!(!reply.to_string().contains(&token));
    env.client.get("/v1/instances?limit=5").await.unwrap();
}

/// Asserts that unreadable messages are answered, are not redelivered, and do not affect others.
async fn unreadable(env: &Environment, good: &Value) {
    let raw = |text: &str| json!({"class": "read", "raw": text});
    let replies = ask(env, &[raw("no JSON"), raw("{}"), raw(r#"{"v":2}"#), raw("[]"), good.clone()]);
    let statuses: Vec<&Value> = replies.iter().map(|reply| &reply["status"]).collect();
    assert_eq!(statuses, [400, 400, 400, 400, 200]);
    for reply in &replies[..4] {
        assert_eq!(problem_type(&body(reply)), "unreadable-envelope", "{reply}");
    }
    assert_eq!(env.cluster.vhost.ready_messages("gateway.requests.read").await, 0);
}

/// Runs the program with these requests and returns the replies. It blocks, because no other task runs meanwhile.
pub(crate) fn ask(env: &Environment, requests: &[Value]) -> Vec<Value> {
    let mut program = Command::new(PYTHON)
        .args([SCRIPT, &env.cluster.vhost.url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python and pika are installed");
    program.stdin.take().unwrap().write_all(json!(requests).to_string().as_bytes()).unwrap();
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success(), "ask.py: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the JSON body of a reply.
pub(crate) fn body(reply: &Value) -> Value {
    assert_eq!(reply["v"], 1, "{reply}");
    assert_eq!(reply["body"]["encoding"], "utf8", "{reply}");
    serde_json::from_str(reply["body"]["data"].as_str().unwrap()).unwrap()
}

/// Removes the id of the request from a problem.
fn without_instance(mut body: Value) -> Value {
    if let Some(instance) = body.get_mut("instance") {
        *instance = Value::Null;
    }
    body
}
