//! The metrics of operations.

use std::time::Duration;

use gateway_core::kind::Verb;
use gateway_core::metric::{Counter, Description, Histogram};

static OPERATIONS: Counter<2> = Counter::new(
    "gateway_operations_total",
    ["verb", "outcome"],
    "Operations that were settled, or put off to a later attempt",
);
static OPERATION: Histogram<1> = Histogram::of_durations(
    "gateway_operation_seconds",
    ["verb"],
    "Time from the acceptance of an operation to its settlement",
);

/// The metrics of operations.
pub(super) static METRICS: &[Description] = &[OPERATIONS.description(), OPERATION.description()];

/// Records the settlement of an operation, for good or until its next attempt; `outcome` is its state.
pub(crate) fn settled(verb: Verb, outcome: &'static str, time: Duration) {
    OPERATIONS.increment([verb.as_str().into(), outcome.into()]);
    OPERATION.record(time, [verb.as_str().into()]);
}
