//! Results of the checks.

use std::fmt;

use gateway_core::Error;

/// Result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The check passed.
    Passed,
    /// The check failed; the text says why.
    Failed(String),
    /// The check did not run; the text says why.
    Skipped(String),
}

/// A check of a report.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name of the check: region and kind if it has them, and a sentence.
    pub name: String,
    /// Result of the check.
    pub outcome: Outcome,
}

/// Results of all checks of one run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Checks in the order in which they ran.
    pub entries: Vec<Entry>,
}

/// Reason why a check ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(String),
    Skipped(String),
}

pub(crate) type Verdict<T = ()> = Result<T, Stop>;

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(format!("{error:?}"))
    }
}

pub(crate) fn failed<T>(why: impl Into<String>) -> Verdict<T> {
    Err(Stop::Failed(why.into()))
}

pub(crate) fn skipped<T>(why: impl Into<String>) -> Verdict<T> {
    Err(Stop::Skipped(why.into()))
}

pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { failed(otherwise()) }
}

impl Report {
    pub(crate) fn add(&mut self, name: impl Into<String>, verdict: Verdict) {
        let outcome = match verdict {
            Ok(()) => Outcome::Passed,
            Err(Stop::Failed(why)) => Outcome::Failed(why),
            Err(Stop::Skipped(why)) => Outcome::Skipped(why),
        };
        self.entries.push(Entry { name: name.into(), outcome });
    }

    /// Returns the result of a check by its name.
    pub fn outcome(&self, name: &str) -> Option<&Outcome> {
        self.entries.iter().find(|entry| entry.name == name).map(|entry| &entry.outcome)
    }

    /// Returns the number of checks that passed.
    pub fn passed(&self) -> usize {
        self.entries.iter().filter(|entry| entry.outcome == Outcome::Passed).count()
    }

    /// Returns whether no check failed.
    pub fn is_success(&self) -> bool {
        !self.entries.iter().any(|entry| matches!(entry.outcome, Outcome::Failed(_)))
    }

    /// Asserts that at least one check passed and none failed.
    ///
    /// # Panics
    /// If a check failed or none passed; the message is the whole report.
    pub fn assert_all_passed(&self) {
        assert!(self.is_success() && self.passed() > 0, "the driver does not conform:\n{self}");
    }

    /// Asserts that all checks passed, except those listed: each exception is the end of a check's name and a part of
    /// the reason for which it failed or was skipped. An exception that passes must be removed from the list.
    ///
    /// # Panics
    /// If the results differ; the message is the whole report.
    pub fn assert_passed_except(&self, exceptions: &[(&str, &str)]) {
        let is_named = |entry: &Entry, (name, how): &(&str, &str)| match &entry.outcome {
            Outcome::Passed => false,
            Outcome::Failed(why) | Outcome::Skipped(why) => entry.name.ends_with(name) && why.contains(how),
        };
        for entry in self.entries.iter().filter(|entry| entry.outcome != Outcome::Passed) {
            assert!(
                exceptions.iter().any(|one| is_named(entry, one)),
                "`{}` did not pass and is not an exception:\n{self}",
                entry.name
            );
        }
        for one in exceptions {
            assert!(
                self.entries.iter().any(|entry| is_named(entry, one)),
                "the exception {one:?} matches no check:\n{self}"
            );
        }
        assert!(self.passed() > 0, "no check passed:\n{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Entry { name, outcome } in &self.entries {
            match outcome {
                Outcome::Passed => writeln!(f, "passed   {name}")?,
                Outcome::Failed(why) => writeln!(f, "FAILED   {name}: {why}")?,
                Outcome::Skipped(why) => writeln!(f, "skipped  {name}: {why}")?,
            }
        }
        Ok(())
    }
}
