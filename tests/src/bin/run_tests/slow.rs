//! The file of slow tests: lines `SOURCE TEST: reason`.

use std::path::Path;

/// Tests that take longer need a reason in the file of slow tests; those without one are named.
pub(crate) const SLOW_SECONDS: f64 = 60.0;

/// A test without a reason that takes longer fails the run. The factor leaves room for a busy machine.
pub(crate) const FAIL_SECONDS: f64 = 5.0 * SLOW_SECONDS;

/// The names of slow tests with a reason, as `SOURCE TEST`.
#[derive(Debug)]
pub(crate) struct SlowTests(Vec<String>);

impl SlowTests {
    pub(crate) fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        Self::parse(&text)
    }

    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.filter_map(|line| line.split_once(": ")).map(|(name, _)| name.to_owned()).collect())
    }

    /// Returns the slow tests of an executable.
    pub(crate) fn of<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |name| name.strip_prefix(source)?.strip_prefix(' '))
    }

    /// Tells whether a test, as `SOURCE TEST`, has a reason.
    pub(crate) fn have(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_names_test_of_its_source() {
        let slow =
            SlowTests::parse("# Slow: comment\ntests/a one::of_a: it waits\ntests/ab two: it counts\n");
        assert_eq!(slow.of("tests/a").collect::<Vec<_>>(), ["one::of_a"]);
        assert_eq!(slow.of("tests/ab").collect::<Vec<_>>(), ["two"]);
        assert!(slow.have("tests/ab two") && !slow.have("tests/ab one::of_a"));
    }
}
