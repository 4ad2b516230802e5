//! The bus as a public interface: a program that is not ours publishes the documented JSON and gets the answer
//! that HTTP gives.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::ensure;
use gateway_tests::{Cluster, Gateway, until};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{SOON, Stage, problem};

/// Debian's own, which has Debian's pika; another one in PATH has not.
const PYTHON: &str = "/usr/bin/python3";

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/bus_api/ask.py");

#[tokio::test]
async fn a_foreign_program_gets_the_same_answer_as_over_http() {
    let plan = Cluster::plan("bus_api").set("bus.accept_plain_secrets", true);
    let mut stage = Stage::set(plan).await;
    let token = stage.client.token.clone().unwrap();
    let read = |target: &str| json!({"class": "read", "method": "GET", "target": target, "token": token});

    for target in ["/v1/instances?limit=5", "/v1/accounts", "/v1/instances?limit=0", "/v1/instances/none"] {
        // A poll in between may change the answer's age.
        until("the same answer on both ways", SOON, || async {
            let http = stage.client.request(Method::GET, target).await?;
            let [reply] = ask(&stage, &[read(target)]).try_into().unwrap();
            ensure!(reply["status"] == http.status.as_u16(), "{reply}");
            let (bus, http) = (without_instance(body(&reply)), without_instance(http.body));
            ensure!(bus == http, "{bus} and {http}");
            Ok(())
        })
        .await;
    }
    unreadable(&stage, &read("/v1/clouds")).await;

    let strict = stage.cluster.settings.clone().with("bus.accept_plain_secrets", false);
    stage.cluster.handlers[0].kill9();
    stage.cluster.handlers[0] = Gateway::role("handler", &strict).await;
    let [reply] = ask(&stage, &[read("/v1/instances?limit=5")]).try_into().unwrap();
    assert_eq!(reply["status"], 403, "{reply}");
    assert!(!reply.to_string().contains(&token));
    stage.client.get("/v1/instances?limit=5").await.unwrap();
}

/// What cannot be read is answered, does not come back, and harms nobody.
async fn unreadable(stage: &Stage, good: &Value) {
    let raw = |text: &str| json!({"class": "read", "raw": text});
    let replies = ask(stage, &[raw("no JSON"), raw("{}"), raw(r#"{"v":2}"#), raw("[]"), good.clone()]);
    let statuses: Vec<&Value> = replies.iter().map(|reply| &reply["status"]).collect();
    assert_eq!(statuses, [400, 400, 400, 400, 200]);
    for reply in &replies[..4] {
        assert_eq!(problem(&body(reply)), "unreadable-envelope", "{reply}");
    }
    assert_eq!(stage.cluster.vhost.ready_messages("gateway.requests.read").await, 0);
}

/// Runs the program with these requests and returns the replies. It blocks, because no other task runs meanwhile.
pub(crate) fn ask(stage: &Stage, requests: &[Value]) -> Vec<Value> {
    let mut program = Command::new(PYTHON)
        .args([SCRIPT, &stage.cluster.vhost.url])
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

/// A problem names the request, which is another one each time.
fn without_instance(mut body: Value) -> Value {
    if let Some(instance) = body.get_mut("instance") {
        *instance = Value::Null;
    }
    body
}
