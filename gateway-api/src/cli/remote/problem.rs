//! Refusals of the gateway as errors for a terminal: `title: detail`, and a line for each thing that a write adds.

use gateway_client::{Problem, Refusal};
use gateway_core::error::Error;

use super::details;
use crate::cli::table::printable;

/// Turns an error of the client into the error that is shown.
pub(in crate::cli) fn error(error: gateway_client::Error) -> Error {
    match error {
        gateway_client::Error::Refused(refusal) => refused(&refusal, &[]),
        gateway_client::Error::Failed(error) => error,
    }
}

/// Returns the error that a refusal is shown as, with the caller's own lines below it.
pub(super) fn refused(refusal: &Refusal, more: &[String]) -> Error {
    let (text, mut lines, request) = match &refusal.problem {
        Some(problem) => (text(problem), details::lines(problem), problem.instance.as_str()),
        None => (refusal.to_string(), Vec::new(), ""),
    };
    // The log of the gateway has more under that id.
    let request = Some(printable(request)).filter(|id| refusal.status.is_server_error() && !id.is_empty());
    lines.extend(more.iter().cloned());
    let kind = refusal.kind();
    let mut error = match (request, lines.is_empty()) {
        (Some(request), true) => Error::new(kind, printable(&text)).with("request", request),
        (request, _) => {
            lines.extend(request.map(|request| format!("request: {request}")));
            let lines: String = lines.iter().map(|line| format!("\n  {line}")).collect();
            Error::new(kind, format!("{}{lines}", printable(&text)))
        }
    };
    if let Some(wait) = refusal.retry_after {
        error = error.with_retry_after(wait);
    }
    error
}

fn text(problem: &Problem) -> String {
    let hint = if problem.word().starts_with("token-") { "; log in again with `gateway login`" } else { "" };
    format!("{problem}{hint}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gateway_client::StatusCode;
    use gateway_core::error::Status;

    use super::*;

    fn error(status: StatusCode, body: &str, retry_after: Option<Duration>, more: &[String]) -> Error {
        refused(&Refusal { status, retry_after, problem: serde_json::from_str(body).ok() }, more)
    }

    #[test]
    fn problem_is_shown_as_title_and_detail() {
        let body = r#"{"type":"/problems/no-such-resource","title":"There is none","detail":"of that\nid"}"#;
        let error = error(StatusCode::NOT_FOUND, body, None, &[]);
        assert_eq!(error.chain(), "There is none: of that\\nid");
        assert_eq!(error.status(), Status::Permanent);
    }

    #[test]
    fn refused_command_lists_its_details() {
        let body = r#"{
            "type": "/problems/invalid-state", "title": "Invalid state", "detail": "`web-1` is pending; stop requires running",
            "errors": [{ "pointer": "/force", "detail": "is not a known field" }],
            "cloud": { "code": "Conflict", "message": "instance is locked", "request_id": "req-1" },
            "users": [{ "kind": "volume_attachment", "id": "7", "name": "vdb" }],
            "actions": ["delete"], "operation": { "id": "9" }
        }"#;
        let error = error(StatusCode::CONFLICT, body, None, &["key: night-1".to_owned()]);
        insta::assert_snapshot!(error.chain());
    }

    #[test]
    fn refused_token_names_the_next_step() {
        let body =
            r#"{"type":"/problems/token-expired","title":"The token is refused","detail":"it has expired"}"#;
        let error = error(StatusCode::UNAUTHORIZED, body, None, &[]);
        assert_eq!(
            error.to_string(),
            "The token is refused: it has expired; log in again with `gateway login`"
        );
    }

    #[test]
    fn server_error_is_temporary_and_names_the_request() {
        let body = r#"{"type":"/problems/unavailable","title":"Not now","instance":"urn:uuid:7"}"#;
        let wait = Some(Duration::from_secs(2));
        let unavailable = error(StatusCode::SERVICE_UNAVAILABLE, body, wait, &[]);
        assert_eq!(unavailable.chain(), "Not now request=urn:uuid:7");
        assert_eq!((unavailable.status(), unavailable.retry_after()), (Status::Temporary, wait));
        let proxy = error(StatusCode::BAD_GATEWAY, "<html>", None, &[]);
        assert_eq!(proxy.status(), Status::Temporary);
        assert!(proxy.message().contains("502"), "{proxy}");
    }

    #[test]
    fn field_errors_are_shown_once_and_the_lines_of_the_caller_last() {
        let body = r#"{"title":"It cannot be carried out","detail":"/name is bad","operation":{"id":"7"},
                       "errors":[{"pointer":"/name","detail":"is bad"}]}"#;
        let refused = error(StatusCode::UNPROCESSABLE_ENTITY, body, None, &["key: k".to_owned()]);
        assert_eq!(refused.chain(), "It cannot be carried out\n  /name: is bad\n  operation: 7\n  key: k");
        let body = r#"{"title":"Not now","detail":"later","instance":"urn:uuid:7"}"#;
        let refused = error(StatusCode::SERVICE_UNAVAILABLE, body, None, &["key: k".to_owned()]);
        assert_eq!(refused.chain(), "Not now: later\n  key: k\n  request: urn:uuid:7");
    }
}
