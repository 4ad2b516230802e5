//! Intake of requests: the checks before a service gets a request, the same on both buses.

use futures_util::FutureExt as _;
use gateway_core::{Clock, Timestamp};
use serde_json::json;
use std::panic::AssertUnwindSafe;
use uuid::Uuid;

use crate::envelope::{Body, Envelope, VERSION};
use crate::instruments;
use crate::port::{Delivery, RequestService};
use crate::reply::Reply;

/// Reads an envelope. The error is the detail of the answer.
pub(crate) fn read(bytes: &[u8]) -> Result<Envelope, String> {
    /// The version alone, for envelopes of another version, which have other fields.
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
        Err(format!("envelope version {v} is unknown; this gateway reads version {VERSION}"))
    }
}

/// Returns the answer to a request that cannot be read.
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

/// Returns whether the deadline has passed.
pub(crate) fn is_late(deadline: Timestamp, clock: &dyn Clock) -> bool {
    deadline <= clock.now()
}

/// Calls the service; `None` if it panicked.
pub(crate) async fn call(
    service: &dyn RequestService,
    envelope: Envelope,
    delivery: Delivery,
) -> Option<Reply> {
    let message_id = envelope.message_id;
    instruments::delivered(delivery);
    // After a panic the envelope is not used again, so that no partial change is visible.
    let answer = AssertUnwindSafe(service.call(envelope, delivery)).catch_unwind().await;
    if answer.is_err() {
        tracing::error!(request = %message_id, class = delivery.class.as_str(), "a handler panicked");
    }
    answer.ok()
}

/// Describes serde's error by its location. Its own text may quote a value, which may be a secret.
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
    fn errors_of_envelopes_quote_no_value() {
        let wrong = br#"{"v":1,"message_id":"hunter2"}"#;
        let detail = read(wrong).unwrap_err();
        assert!(detail.contains("column"), "{detail}");
        assert!(!detail.contains("hunter2"), "{detail}");
        assert_eq!(
            read(br#"{"v":2}"#).unwrap_err(),
            "envelope version 2 is unknown; this gateway reads version 1"
        );
        assert!(read(b"\xff").unwrap_err().starts_with("it is not JSON"));
    }
}
