//! What commands print: results on standard output, everything else on standard error.

use std::future::Future;
use std::io::Write as _;

use gateway_core::error::{Error, Result};
use serde_json::Value;

use super::table::{Cell, Table};

/// Prints one line. A closed pipe is the reader's choice, not an error.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints JSON on one line.
pub(super) fn json(value: &Value) {
    line(&value.to_string());
}

/// Prints rows in columns as wide as they must be.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) {
    let mut table = Table::of_lines(header, header.len());
    for row in rows {
        table.row(row.iter().map(|cell| Cell::from(cell.clone())));
    }
    line(&table.text());
}

/// Writes a result that somebody counts on; `false` when nobody reads any more, so that more of it is of no use.
pub(super) fn data(text: &str) -> Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::invalid(format!("cannot write the output: {error}"))),
    }
}

/// Tells on standard error what is not part of the result.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints an error with everything that its operator may know.
pub(super) fn error(error: &Error) {
    let _ = writeln!(std::io::stderr(), "gateway: {}", error.chain());
}

/// Runs one command to its end on a small runtime.
pub(super) fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::internal)?
        .block_on(work)
}
