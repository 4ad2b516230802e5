//! What came of the checks.

use std::fmt;

use gateway_core::Error;

/// How one check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The promise holds.
    Passed,
    /// It does not, and how.
    Failed(String),
    /// It could not be tried, and why.
    Skipped(String),
}

/// One check.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What is promised.
    pub name: String,
    /// Whether it holds.
    pub outcome: Outcome,
}

/// All checks of one run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order in which they ran.
    pub entries: Vec<Entry>,
}

/// Why a check ended before its end.
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

    /// How one check ended, by its name.
    pub fn outcome(&self, name: &str) -> Option<&Outcome> {
        self.entries.iter().find(|entry| entry.name == name).map(|entry| &entry.outcome)
    }

    /// How many checks passed.
    pub fn passed(&self) -> usize {
        self.entries.iter().filter(|entry| entry.outcome == Outcome::Passed).count()
    }

    /// Whether no check failed.
    pub fn holds(&self) -> bool {
        !self.entries.iter().any(|entry| matches!(entry.outcome, Outcome::Failed(_)))
    }

    /// For tests.
    ///
    /// # Panics
    /// When a check failed, or none passed; the message is the whole report.
    pub fn assert_all_passed(&self) {
        assert!(self.holds() && self.passed() > 0, "the driver breaks its promises:\n{self}");
    }
}

impl Report {
    /// For tests of clouds with oddities of their own: all checks passed but those of that name, which ended so as is
    /// said. One that passes after all is no exception any more.
    ///
    /// # Panics
    /// When it is otherwise; the message is the whole report.
    pub fn assert_passed_except(&self, exceptions: &[(&str, &str)]) {
        let is_named = |entry: &Entry, (name, how): &(&str, &str)| match &entry.outcome {
            Outcome::Passed => false,
            Outcome::Failed(why) | Outcome::Skipped(why) => entry.name.ends_with(name) && why.contains(how),
        };
        for entry in self.entries.iter().filter(|entry| entry.outcome != Outcome::Passed) {
            assert!(
                exceptions.iter().any(|one| is_named(entry, one)),
                "{} is no exception:\n{self}",
                entry.name
            );
        }
        for one in exceptions {
            assert!(self.entries.iter().any(|entry| is_named(entry, one)), "{one:?} was not so:\n{self}");
        }
        assert!(self.passed() > 0, "nothing was tried:\n{self}");
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
