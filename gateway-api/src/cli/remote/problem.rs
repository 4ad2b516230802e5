//! A refusal of the API, as the error that is shown: `title: detail`, and below it what a write says besides.

use std::time::Duration;

use gateway_core::error::{Error, ErrorKind};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::details::Details;
use crate::cli::table::printable;

/// The members of RFC 9457 that are shown, and the gateway's own.
#[derive(Debug, Default, Deserialize)]
struct Problem {
    #[serde(rename = "type", default)]
    kind: String,
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    instance: String,
    #[serde(flatten)]
    details: Details,
}

/// A credential that was not taken.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Rejected {
    pub(super) cloud: String,
    pub(super) reason: String,
    pub(super) detail: String,
}

/// The error that an answer of that status means.
pub(super) fn error(status: StatusCode, body: &str, retry_after: Option<Duration>) -> Error {
    error_with(status, body, retry_after, &[])
}

/// The same, with lines of the caller's own below.
pub(super) fn error_with(
    status: StatusCode,
    body: &str,
    retry_after: Option<Duration>,
    more: &[String],
) -> Error {
    let (text, mut lines, request) = match serde_json::from_str::<Problem>(body) {
        Ok(problem) => (told(&problem), problem.details.lines(), problem.instance),
        Err(_) => (format!("the answer is {status}, and no problem of a gateway"), Vec::new(), String::new()),
    };
    // The log of the gateway has more, under that id.
    let request = Some(printable(&request)).filter(|id| status.is_server_error() && !id.is_empty());
    lines.extend(more.iter().cloned());
    let mut error = match (request, lines.is_empty()) {
        (Some(request), true) => Error::new(kind(status), printable(&text)).with("request", request),
        (request, _) => {
            lines.extend(request.map(|request| format!("request: {request}")));
            let lines: String = lines.iter().map(|line| format!("\n  {line}")).collect();
            Error::new(kind(status), format!("{}{lines}", printable(&text)))
        }
    };
    if let Some(wait) = retry_after {
        error = error.with_retry_after(wait);
    }
    error
}

/// Whether the same write, sent again, may be answered otherwise. An operation that has failed stays failed, whatever
/// its status: its key has that answer for good.
pub(super) fn may_pass(status: StatusCode, body: &str) -> bool {
    let passing = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
    if !passing.contains(&status) {
        return false;
    }
    let Ok(problem) = serde_json::from_str::<Problem>(body) else { return true };
    let goes_on = ["/problems/still-running", "/problems/outcome-unknown"].contains(&problem.kind.as_str());
    problem.details.operation.is_none() || goes_on
}

/// The type of a problem, without what all types begin with.
pub(super) fn word(body: &str) -> String {
    let problem = serde_json::from_str::<Problem>(body).unwrap_or_default();
    problem.kind.trim_start_matches("/problems/").to_owned()
}

fn told(problem: &Problem) -> String {
    let mut text = problem.title.clone();
    // The first fault is often the detail once more.
    let is_fault = problem.details.errors.iter().any(|fault| problem.detail.ends_with(&fault.detail));
    if !problem.detail.is_empty() && !is_fault {
        text = format!("{text}: {}", problem.detail);
    }
    if problem.kind.starts_with("/problems/token-") {
        text.push_str("; log in again with `gateway login`");
    }
    text
}

fn kind(status: StatusCode) -> ErrorKind {
    match status {
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthorized,
        StatusCode::FORBIDDEN => ErrorKind::Forbidden,
        StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
        StatusCode::CONFLICT => ErrorKind::Conflict,
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited,
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => ErrorKind::Timeout,
        status if status.is_server_error() => ErrorKind::Unavailable,
        status if status.is_client_error() => ErrorKind::Invalid,
        _ => ErrorKind::WrongDocument,
    }
}

/// What a refused login says of each credential.
pub(super) fn rejected(body: &str) -> Vec<Rejected> {
    #[derive(Deserialize)]
    struct Members {
        #[serde(default)]
        rejected: Vec<Rejected>,
    }
    serde_json::from_str::<Members>(body).map(|members| members.rejected).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use gateway_core::error::Status;

    use super::*;

    #[test]
    fn a_problem_is_its_title_and_detail() {
        let body = r#"{"type":"/problems/no-such-resource","title":"There is none","detail":"of that\nid"}"#;
        let error = error(StatusCode::NOT_FOUND, body, None);
        assert_eq!(error.chain(), "There is none: of that\\nid");
        assert_eq!(error.status(), Status::Permanent);
    }

    #[test]
    fn a_refused_token_says_what_to_do() {
        let body =
            r#"{"type":"/problems/token-expired","title":"The token is refused","detail":"it has expired"}"#;
        let error = error(StatusCode::UNAUTHORIZED, body, None);
        assert_eq!(
            error.to_string(),
            "The token is refused: it has expired; log in again with `gateway login`"
        );
    }

    #[test]
    fn what_passes_by_itself_is_temporary_and_names_the_request() {
        let body = r#"{"type":"/problems/unavailable","title":"Not now","instance":"urn:uuid:7"}"#;
        let wait = Some(Duration::from_secs(2));
        let unavailable = error(StatusCode::SERVICE_UNAVAILABLE, body, wait);
        assert_eq!(unavailable.chain(), "Not now request=urn:uuid:7");
        assert_eq!((unavailable.status(), unavailable.retry_after()), (Status::Temporary, wait));
        let proxy = error(StatusCode::BAD_GATEWAY, "<html>", None);
        assert_eq!(proxy.status(), Status::Temporary);
        assert!(proxy.message().contains("502"), "{proxy}");
    }

    #[test]
    fn faults_are_told_once_and_the_callers_lines_come_last() {
        let body = r#"{"title":"It cannot be carried out","detail":"/name is bad","operation":{"id":"7"},
                       "errors":[{"pointer":"/name","detail":"is bad"}]}"#;
        let error = error_with(StatusCode::UNPROCESSABLE_ENTITY, body, None, &["key: k".to_owned()]);
        assert_eq!(error.chain(), "It cannot be carried out\n  /name: is bad\n  operation: 7\n  key: k");
        let body = r#"{"title":"Not now","detail":"later","instance":"urn:uuid:7"}"#;
        let error = error_with(StatusCode::SERVICE_UNAVAILABLE, body, None, &["key: k".to_owned()]);
        assert_eq!(error.chain(), "Not now: later\n  key: k\n  request: urn:uuid:7");
    }

    #[test]
    fn what_is_over_is_not_sent_again() {
        let problem =
            |word: &str, operation: &str| format!(r#"{{"type":"/problems/{word}","title":"t"{operation}}}"#);
        let known = r#","operation":{"id":"7"}"#;
        for (status, body, expected) in [
            (502, "<html>".to_owned(), true),
            (503, problem("overloaded", ""), true),
            (504, problem("timeout", ""), true),
            (504, problem("still-running", known), true),
            (504, problem("outcome-unknown", known), true),
            (502, problem("cloud-unreachable", known), false),
            (503, problem("cloud-busy", known), false),
            (500, problem("internal", ""), false),
            (409, problem("invalid-state", ""), false),
        ] {
            assert_eq!(may_pass(StatusCode::from_u16(status).unwrap(), &body), expected, "{status} {body}");
        }
        assert_eq!(word(&problem("invalid-state", "")), "invalid-state");
    }

    #[test]
    fn rejections_are_read_from_a_problem() {
        let body = r#"{"title":"t","rejected":[{"cloud":"lab","reason":"refused","detail":"no"}]}"#;
        assert_eq!(rejected(body)[0].cloud, "lab");
        assert!(rejected("no JSON").is_empty());
    }
}
