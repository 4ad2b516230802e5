//! The metrics of the bus.

use std::time::Instant;

use gateway_core::metric::{Counter, Description, Gauge, Histogram};

use crate::envelope::WorkClass;
use crate::error::RequestError;
use crate::port::Delivery;
use crate::reply::Reply;

static REQUESTS: Counter<2> = Counter::new(
    "gateway_bus_requests_total",
    ["class", "outcome"],
    "Requests that this process sent to handlers",
);
static ROUND_TRIP: Histogram<1> =
    Histogram::of_durations("gateway_bus_round_trip_seconds", ["class"], "Time from a request to its reply");
static REDELIVERED: Counter<1> = Counter::new(
    "gateway_bus_redelivered_total",
    ["class"],
    "Requests that a handler had before and did not finish",
);
static LATE: Counter<1> =
    Counter::new("gateway_bus_late_total", ["class"], "Requests dropped because their deadline had passed");
static TOO_LARGE: Counter<0> = Counter::new(
    "gateway_bus_replies_too_large_total",
    [],
    "Replies that were replaced by an error because of their size",
);
static CONNECTED: Gauge<1> =
    Gauge::new("gateway_bus_connected", ["session"], "1 while the session with the broker is open, else 0");
static REOPENED: Counter<1> = Counter::new(
    "gateway_bus_channels_reopened_total",
    ["channel"],
    "Channels that the broker closed, and that were opened again on the same connection",
);

/// The metrics of the bus.
pub static METRICS: &[Description] = &[
    REQUESTS.description(),
    ROUND_TRIP.description(),
    REDELIVERED.description(),
    LATE.description(),
    TOO_LARGE.description(),
    CONNECTED.description(),
    REOPENED.description(),
];

/// Waits for the reply to a request, and records the outcome and the time.
pub(crate) async fn request(
    class: WorkClass,
    exchange: impl Future<Output = Result<Reply, RequestError>>,
) -> Result<Reply, RequestError> {
    let begun = Instant::now();
    let answered = exchange.await;
    REQUESTS.increment([class.as_str().into(), outcome(&answered).into()]);
    if answered.is_ok() {
        ROUND_TRIP.record(begun.elapsed(), [class.as_str().into()]);
    }
    answered
}

fn outcome(answered: &Result<Reply, RequestError>) -> &'static str {
    match answered {
        Ok(_) => "answered",
        Err(RequestError::NoBroker) => "no_broker",
        Err(RequestError::Unroutable) => "unroutable",
        Err(RequestError::Lost) => "lost",
        Err(RequestError::Timeout) => "timeout",
        Err(RequestError::BadReply) => "bad_reply",
        Err(RequestError::TooLarge { .. }) => "too_large",
    }
}

/// Records the delivery of a request to a handler.
pub(crate) fn delivered(delivery: Delivery) {
    if delivery.redelivered {
        REDELIVERED.increment([delivery.class.as_str().into()]);
    }
}

/// Records a request that came too late.
pub(crate) fn dropped_late(class: WorkClass) {
    LATE.increment([class.as_str().into()]);
}

/// Records a reply that is too large.
pub(crate) fn reply_too_large() {
    TOO_LARGE.increment([]);
}

/// Records that a session with the broker was opened or has ended.
pub(crate) fn connected(session: &'static str, is_open: bool) {
    CONNECTED.set(if is_open { 1.0 } else { 0.0 }, [session.into()]);
}

/// Records that a channel was opened in place of one that the broker closed.
pub(crate) fn channel_reopened(channel: &'static str) {
    REOPENED.increment([channel.into()]);
}
