//! What is checked of a request before a service sees it: the same on both buses.

use futures_util::FutureExt as _;
use gateway_core::{Clock, Timestamp};
use serde_json::json;
use std::panic::AssertUnwindSafe;
use uuid::Uuid;

use crate::envelope::{Body, Envelope, VERSION};
use crate::port::{Delivery, RequestService};
use crate::reply::Reply;

/// Reads an envelope, or says what is wrong with it in the words of the answer.
pub(crate) fn read(bytes: &[u8]) -> Result<Envelope, String> {
    /// Read only from what is no envelope of ours: one of another version has other fields.
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    match serde_json::from_slice::<Envelope>(bytes) {
        Ok(envelope) => check_version(envelope.v).map(|()| envelope),
        Err(error) => {
            let version: Version = serde_json::from_slice(bytes).map_err(|error| describe(&error))?;
            check_version(version.v).and(Err(describe(&error)))
        }
    }
}

/// Refuses a version that this build does not read.
pub(crate) fn check_version(v: u32) -> Result<(), String> {
    if v == VERSION {
        Ok(())
    } else {
        Err(format!("envelope version {v} is not known; this gateway reads {VERSION}"))
    }
}

/// The answer to a request that cannot be read.
pub(crate) fn refusal(message_id: Uuid, detail: &str) -> Reply {
    let problem = json!({
        "type": "/problems/unreadable-envelope",
        "title": "The request envelope cannot be read",
        "status": 400,
        "detail": detail,
    });
    let headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
    Reply::new(message_id, 400, headers, Body::Utf8(problem.to_string()))
}

/// Whether nobody waits for an answer any more.
pub(crate) fn is_late(deadline: Timestamp, clock: &dyn Clock) -> bool {
    deadline <= clock.now()
}

/// Lets the service work; `None` when it panicked.
pub(crate) async fn call(
    service: &dyn RequestService,
    envelope: Envelope,
    delivery: Delivery,
) -> Option<Reply> {
    let message_id = envelope.message_id;
    // Nothing of the envelope is used after a panic, so that nothing half-changed can be seen.
    let answer = AssertUnwindSafe(service.call(envelope, delivery)).catch_unwind().await;
    if answer.is_err() {
        tracing::error!(%message_id, class = delivery.class.as_str(), "a handler panicked");
    }
    answer.ok()
}

/// Where serde met something that it could not read. Its own text may quote a value, which may be a secret.
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a field is missing, unknown or of the wrong type",
        _ => "it is not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_without_quoting_it() {
        let wrong = br#"{"v":1,"message_id":"hunter2"}"#;
        let detail = read(wrong).unwrap_err();
        assert!(detail.contains("column"), "{detail}");
        assert!(!detail.contains("hunter2"), "{detail}");
        assert_eq!(read(br#"{"v":2}"#).unwrap_err(), "envelope version 2 is not known; this gateway reads 1");
        assert!(read(b"\xff").unwrap_err().starts_with("it is not JSON"));
    }
}
