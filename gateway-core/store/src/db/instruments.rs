//! The metrics of the database.

use std::time::Duration;

use gateway_core::error::{ErrorKind, Result};
use gateway_core::metric::{Counter, Description, Histogram};

static WAIT: Histogram<0> =
    Histogram::of_durations("gateway_store_wait_seconds", [], "Wait for a connection of this process");
static WORK: Histogram<1> = Histogram::of_durations(
    "gateway_store_seconds",
    ["work"],
    "Time of a read or a transaction, with its retries and without the wait for a connection",
);
static RETRIES: Counter<1> =
    Counter::new("gateway_store_retries_total", ["reason"], "Reads and transactions that were run again");
static FAILURES: Counter<1> =
    Counter::new("gateway_store_failures_total", ["reason"], "Reads and transactions that failed");
static PURGED: Counter<1> =
    Counter::new("gateway_store_purged_rows_total", ["table"], "Old rows that were removed");

/// The metrics of the database.
pub static METRICS: &[Description] = &[
    WAIT.description(),
    WORK.description(),
    RETRIES.description(),
    FAILURES.description(),
    PURGED.description(),
];

/// Records the wait for a connection.
pub(super) fn waited(time: Duration) {
    WAIT.record(time, []);
}

/// Records the end of a read or a transaction. Errors of callers, such as a name that is taken, are no failures.
pub(super) fn ended<T>(is_transaction: bool, time: Duration, outcome: &Result<T>) {
    WORK.record(time, [if is_transaction { "write" } else { "read" }.into()]);
    let reason = match outcome.as_ref().err().map(|error| error.kind()) {
        Some(ErrorKind::Unavailable) => "unavailable",
        Some(ErrorKind::Timeout) => "timeout",
        Some(ErrorKind::Internal) => "internal",
        _ => return,
    };
    FAILURES.increment([reason.into()]);
}

/// Records that work is run again after it lost a race.
pub(super) fn lost_a_race() {
    RETRIES.increment(["contention".into()]);
}

/// Records that work is run again on another connection.
pub(super) fn lost_its_connection() {
    RETRIES.increment(["disconnected".into()]);
}

/// Records that old rows were removed.
pub(crate) fn rows_purged(table: &'static str, count: usize) {
    PURGED.add(count as u64, [table.into()]);
}
