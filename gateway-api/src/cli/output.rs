//! Output of commands: results on standard output, everything else on standard error.

use std::future::Future;
use std::io::Write as _;
use std::time::Duration;

use gateway_core::error::{Error, Result};
use serde_json::Value;

use super::table::{Cell, Table};

/// Prints a line. A closed pipe is not an error.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints JSON on one line.
pub(super) fn json(value: &Value) {
    line(&value.to_string());
}

/// Prints rows in columns.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) {
    let mut table = Table::of_lines(header, header.len());
    for row in rows {
        table.row(row.iter().map(|cell| Cell::from(cell.clone())));
    }
    line(&table.text());
}

/// Writes a part of a result. Returns `false` if the reader has closed the pipe, so that the caller stops.
pub(super) fn data(text: &str) -> Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::invalid(format!("cannot write the output: {error}"))),
    }
}

/// Prints a note on standard error.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints an error with its context and causes.
pub(super) fn error(error: &Error) {
    let _ = writeln!(std::io::stderr(), "gateway: {}", error.chain());
}

/// The time that a call of the database has to end before the process does. A longer time lets a slow call finish; a
/// shorter one ends sooner while the database is silent.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// Runs a command on a small runtime.
pub(super) fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_CALLS);
    outcome
}
