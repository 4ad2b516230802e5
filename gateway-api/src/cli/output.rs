//! What commands print: results on standard output, everything else on standard error.

use std::future::Future;
use std::io::Write as _;

use gateway_core::error::{Error, Result};
use serde_json::Value;

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
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain(std::iter::once(header[column].len())).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..header.len()).map(width).collect();
    let format = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<_> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    line(&format(&mut header.iter().copied()));
    for row in rows {
        line(&format(&mut row.iter().map(String::as_str)));
    }
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
