//! The id of a request in the log lines that it causes.

use super::front::{UNLIMITED, start};
use super::gateway::TestGateway;
use super::log_lines::LogLines;

#[tokio::test]
async fn line_of_an_internal_error_has_the_id_of_the_request() {
    let (lines, _guard) = LogLines::collect();
    let running = start(TestGateway::open().await, true, UNLIMITED).await;
    let (_, token) = running.gateway.proven("one", &["a1"]).await;
    running.gateway.execute("ALTER TABLE clouds RENAME TO missing");
    let failed = running.get_as("/v1/clouds", &token).await;
    assert_eq!((failed.status, failed.problem().as_str()), (500, "internal"));
    let id = failed.header("x-request-id").unwrap();
    let failure = lines.with(&["a request failed with an internal error", &format!("request={id}")]);
    assert_eq!(failure.len(), 1, "{id}: {:?}", lines.with(&["ERROR"]));
}
