//! The metrics of the front.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use gateway_core::metric::{Counter, Description, Histogram};

use super::status_class::{OTHER, status_class};

static REQUESTS: Counter<3> = Counter::new(
    "gateway_front_requests_total",
    ["route", "method", "status"],
    "Requests that the front answered",
);
static REQUEST: Histogram<2> = Histogram::of_durations(
    "gateway_front_request_seconds",
    ["route", "method"],
    "Time from the head of a request to the head of its answer",
);
static BODY_BYTES: Counter<0> =
    Counter::new("gateway_front_body_bytes_total", [], "Bytes of the bodies of requests, without uploads");

/// The metrics of the front.
pub(super) static METRICS: &[Description] =
    &[REQUESTS.description(), REQUEST.description(), BODY_BYTES.description()];

/// Records a request that the front answered. `route` is a template of the OpenAPI document, none for other paths: they
/// are as many as clients invent.
pub(crate) fn answered(route: Option<&'static str>, method: &Method, status: StatusCode, time: Duration) {
    let (route, method) = match route {
        Some(route) => (route, name_of(method)),
        None => (OTHER, OTHER),
    };
    REQUESTS.increment([route.into(), method.into(), status_class(status.as_u16()).into()]);
    REQUEST.record(time, [route.into(), method.into()]);
}

/// Records the body of a request.
pub(crate) fn body_arrived(bytes: usize) {
    BODY_BYTES.add(bytes as u64, []);
}

fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => OTHER,
    }
}
