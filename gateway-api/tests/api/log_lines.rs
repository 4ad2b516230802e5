//! The log lines of requests and operations.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::front::{UNLIMITED, start};
use super::gateway::TestGateway;

/// The lines that this thread logs, as JSON.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    /// Returns the spans of the lines with this message.
    fn spans(&self, message: &str) -> Vec<Value> {
        let bytes = self.0.lock().unwrap().clone();
        let lines = String::from_utf8(bytes).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter(|line| line["fields"]["message"] == message)
            .map(|mut line| line["spans"].take())
            .collect()
    }
}

#[tokio::test]
async fn line_of_an_internal_error_has_the_id_of_the_request() {
    let lines = Lines::default();
    // At `warn`, so that the span is there although it is below no `info` line.
    let log = tracing_subscriber::fmt().json().with_env_filter("warn").with_writer(lines.clone()).finish();
    let _logging = tracing::subscriber::set_default(log);
    let running = start(TestGateway::open().await, true, UNLIMITED).await;
    let (_, token) = running.gateway.proven("one", &["a1"]).await;
    running.gateway.execute("ALTER TABLE clouds RENAME TO missing");
    let failed = running.get_as("/v1/clouds", &token).await;
    assert_eq!((failed.status, failed.problem().as_str()), (500, "internal"));
    let spans = lines.spans("a request failed with an internal error");
    let id = failed.header("x-request-id").unwrap();
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert!(spans[0].as_array().unwrap().iter().any(|span| span["request"] == id), "{id}: {spans:?}");
}
