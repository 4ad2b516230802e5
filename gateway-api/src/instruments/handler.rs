//! The metrics of handlers.

use std::time::Instant;

use gateway_core::metric::{Counter, Description, Gauge, Histogram};

use super::status_class::status_class;

static IN_PROGRESS: Gauge<1> =
    Gauge::new("gateway_handler_in_progress", ["class"], "Requests that handlers of this process work on");
static REQUESTS: Counter<2> =
    Counter::new("gateway_handler_requests_total", ["class", "status"], "Requests that handlers answered");
static REQUEST: Histogram<1> = Histogram::of_durations(
    "gateway_handler_request_seconds",
    ["class"],
    "Time that a handler worked on a request",
);

/// The metrics of handlers.
pub(super) static METRICS: &[Description] =
    &[IN_PROGRESS.description(), REQUESTS.description(), REQUEST.description()];

/// A request that a handler works on, counted as in progress until it is dropped.
pub(crate) struct HandlerRequest {
    class: &'static str,
    begun: Instant,
}

impl HandlerRequest {
    /// Records the start.
    pub(crate) fn begin(class: &'static str) -> Self {
        IN_PROGRESS.add(1.0, [class.into()]);
        Self { class, begun: Instant::now() }
    }

    /// Records the status of the answer.
    pub(crate) fn answered(&self, status: u16) {
        REQUESTS.increment([self.class.into(), status_class(status).into()]);
    }
}

impl Drop for HandlerRequest {
    fn drop(&mut self) {
        IN_PROGRESS.add(-1.0, [self.class.into()]);
        REQUEST.record(self.begun.elapsed(), [self.class.into()]);
    }
}
