//! The ids of requests and operations in the log lines that they cause.

use tracing::Level;

use super::front::{UNLIMITED, start};
use super::gateway::TestGateway;
use super::log_lines::LogLines;

#[tokio::test]
async fn line_of_an_internal_error_has_the_id_of_the_request() {
    let (lines, _guard) = LogLines::collect(Level::INFO);
    let running = start(TestGateway::open().await, true, UNLIMITED).await;
    let (_, token) = running.gateway.proven("one", &["a1"]).await;
    running.gateway.execute("ALTER TABLE clouds RENAME TO missing");
    let failed = running.get_as("/v1/clouds", &token).await;
    assert_eq!((failed.status, failed.problem().as_str()), (500, "internal"));
    let id = failed.header("x-request-id").unwrap();
    let failure = lines.with(&["a request failed with an internal error", &format!("request={id}")]);
    assert_eq!(failure.len(), 1, "{id}: {:?}", lines.with(&["ERROR"]));
}

#[tokio::test]
async fn line_of_an_operation_names_it_once() {
    let (lines, _guard) = LogLines::collect(Level::DEBUG);
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("dashboard", &["a1"]).await;
    let bearer = format!("Bearer {token}");
    let send = async |method, path: &str, command: &str| {
        gateway.exchange(method, path, Some(&bearer), &[], command.to_owned()).await
    };
    let made = send("POST", "/v1/volumes", r#"{"name":"plain","size_gib":1,"region":"r1"}"#).await;
    let path = format!("/v1/volumes/{}", made.body["resources"][0]["id"].as_str().unwrap());
    let failed = send("PATCH", &path, r#"{"name":"renamed","tags":{"a":"b"}}"#).await;
    let id = failed.body["operation"]["id"].as_str().unwrap_or_else(|| panic!("{failed:?}"));
    assert_eq!(lines.with(&["operation did not succeed", &format!("operation={id}")]).len(), 1);
    lines.name_no_unit_twice();
}
