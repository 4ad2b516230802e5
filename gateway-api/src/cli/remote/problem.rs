//! A refusal of the API, as the error that is shown: `title: detail`.

use std::time::Duration;

use gateway_core::error::{Error, ErrorKind};
use http::StatusCode;
use serde::{Deserialize, Serialize};

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
    let (text, request) = match serde_json::from_str::<Problem>(body) {
        Ok(problem) => (told(&problem), problem.instance),
        Err(_) => (format!("the answer is {status}, and no problem of a gateway"), String::new()),
    };
    let mut error = Error::new(kind(status), printable(&text));
    // The log of the gateway has more, under that id.
    if status.is_server_error() && !request.is_empty() {
        error = error.with("request", printable(&request));
    }
    match retry_after {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

fn told(problem: &Problem) -> String {
    let mut text = problem.title.clone();
    if !problem.detail.is_empty() {
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
    fn rejections_are_read_from_a_problem() {
        let body = r#"{"title":"t","rejected":[{"cloud":"lab","reason":"refused","detail":"no"}]}"#;
        assert_eq!(rejected(body)[0].cloud, "lab");
        assert!(rejected("no JSON").is_empty());
    }
}
