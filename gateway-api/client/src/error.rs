//! Errors of a client.

use std::fmt;
use std::time::Duration;

use gateway_core::error::ErrorKind;
use reqwest::StatusCode;

use crate::problem::Problem;

/// The reason why there is no answer of success.
#[derive(Debug)]
pub enum Error {
    /// The gateway answered with another status.
    Refused(Refusal),
    /// The gateway did not answer, or its answer is not the expected document.
    Failed(gateway_core::error::Error),
}

/// An answer with a status other than success.
#[derive(Debug)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// The wait that the gateway asks for.
    pub retry_after: Option<Duration>,
    /// The problem document. A proxy in between sends none.
    pub problem: Option<Box<Problem>>,
}

impl Refusal {
    /// Returns the kind of error that the status stands for.
    pub fn kind(&self) -> ErrorKind {
        match self.status {
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

    /// Returns whether the same write may get another answer if it is sent again.
    ///
    /// A failed operation keeps its answer for good, whatever its status.
    pub fn may_pass(&self) -> bool {
        let passing = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
        let Some(problem) = &self.problem else { return passing.contains(&self.status) };
        let is_running = ["still-running", "outcome-unknown"].contains(&problem.word());
        passing.contains(&self.status) && (problem.operation.is_none() || is_running)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Some(problem) => problem.fmt(f),
            None => write!(f, "the answer is {}, without a problem document of the gateway", self.status),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Failed(error) => error.source(),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<gateway_core::error::Error> for Error {
    fn from(error: gateway_core::error::Error) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Refusal {
        let status = StatusCode::from_u16(status).unwrap();
        Refusal { status, retry_after: None, problem: serde_json::from_str(body).ok() }
    }

    #[test]
    fn write_is_sent_again_only_while_its_outcome_is_open() {
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
            assert_eq!(refusal(status, &body).may_pass(), expected, "{status} {body}");
        }
    }
}
