//! The log file of a child process.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;

/// The number of lines shown after a failure. More lines hide the reason; fewer may miss it.
const TAIL: usize = 60;

#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// The offset of the last start.
    start: usize,
}

impl Log {
    pub(super) fn at(path: PathBuf) -> Self {
        let mut log = Self { path, start: 0 };
        log.mark();
        log
    }

    /// Marks the start of a new run.
    pub(super) fn mark(&mut self) {
        self.start = fs::metadata(&self.path).map_or(0, |found| found.len() as usize);
    }

    pub(super) fn writer(&self) -> File {
        let opened = OpenOptions::new().create(true).append(true).open(&self.path);
        opened.unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
    }

    pub(super) fn since_start(&self) -> String {
        let bytes = fs::read(&self.path).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(self.start..).unwrap_or_default()).into_owned()
    }

    pub(super) fn tail(&self) -> String {
        let text = self.since_start();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}
