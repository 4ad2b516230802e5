//! The lines that the code under test logs.

use std::io::{Result, Write};
use std::sync::{Arc, LazyLock, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::MakeWriter;

/// A collector of nothing. While it lives there is another one beside that of a test, so that a line that another thread
/// would drop is still asked for in each collector.
static BESIDE: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

/// The lines that this thread has logged. A test with one thread has all of its own.
#[derive(Clone, Default)]
pub(crate) struct LogLines(Arc<Mutex<Vec<u8>>>);

impl LogLines {
    /// Collects lines of a level and of those above it, for as long as the guard lives.
    pub(crate) fn collect(level: Level) -> (Self, DefaultGuard) {
        LazyLock::force(&BESIDE);
        let lines = Self::default();
        let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(lines.clone());
        (lines, tracing::subscriber::set_default(subscriber.with_ansi(false).finish()))
    }

    /// Returns the lines that contain all of these words.
    pub(crate) fn with(&self, words: &[&str]) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().filter(|line| words.iter().all(|word| line.contains(word)));
        lines.map(str::to_owned).collect()
    }

    /// Checks that no line names the unit of work of its span once more.
    pub(crate) fn name_no_unit_twice(&self) {
        for unit in ["request=", "operation=", "target="] {
            let repeated = self.with(&[unit]).into_iter().find(|line| line.matches(unit).count() > 1);
            assert_eq!(repeated, None);
        }
    }
}

impl Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LogLines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
