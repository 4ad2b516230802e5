//! The metrics of calls to clouds.

use std::time::Duration;

use gateway_core::error::ErrorKind;
use gateway_core::metric::{Counter, Description, Histogram};
use http::StatusCode;

static CALLS: Counter<2> =
    Counter::new("gateway_cloud_calls_total", ["cloud", "outcome"], "Requests that were sent to a cloud");
static DURATION: Histogram<1> = Histogram::of_durations(
    "gateway_cloud_call_seconds",
    ["cloud"],
    "Time from a request to its whole answer, or to its failure",
);
static LOGINS: Counter<2> = Counter::new(
    "gateway_cloud_logins_total",
    ["cloud", "outcome"],
    "Logins at a cloud, each for a token that is kept until shortly before it expires",
);

/// The metrics of calls to clouds.
pub static METRICS: &[Description] = &[CALLS.description(), DURATION.description(), LOGINS.description()];

/// Records one request and the status of its answer, or the kind of its failure.
pub(crate) fn called(cloud: &str, time: Duration, outcome: Result<StatusCode, ErrorKind>) {
    let outcome = match outcome {
        Ok(StatusCode::TOO_MANY_REQUESTS) => "rate_limited",
        Ok(status) if status.is_client_error() => "refused",
        Ok(status) if status.is_server_error() => "server_error",
        Ok(_) => "ok",
        Err(ErrorKind::Timeout) => "timeout",
        Err(ErrorKind::Unavailable) => "unreachable",
        Err(_) => "unreadable",
    };
    CALLS.increment([cloud.to_owned().into(), outcome.into()]);
    DURATION.record(time, [cloud.to_owned().into()]);
}

/// Records one login and the kind of its failure, if it failed.
pub(crate) fn logged_in(cloud: &str, failure: Option<ErrorKind>) {
    let outcome = match failure {
        None => "ok",
        Some(ErrorKind::Unauthorized) => "refused",
        Some(_) => "no_answer",
    };
    LOGINS.increment([cloud.to_owned().into(), outcome.into()]);
}
