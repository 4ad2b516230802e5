//! Jobs: what is started as one process. Each slow test is one of its own, so that it begins first and the end of the run
//! does not wait for it alone.

use std::io::{Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::options::Options;
use crate::outcome::Outcome;
use crate::slow::SlowTests;
use crate::suite::Suite;

/// A run of a test executable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    pub(crate) suite: Suite,
    /// The only test to run.
    pub(crate) test: Option<String>,
    /// The tests to leave out, because they are jobs of their own.
    pub(crate) without: Vec<String>,
    /// Tests at once.
    pub(crate) threads: usize,
}

/// Returns the jobs of executables that run beside each other: every slow test first, then the rest of each executable.
pub(crate) fn of(suites: Vec<Suite>, slow: Option<&SlowTests>, options: &Options) -> Vec<Job> {
    // A filter may leave out the slow tests.
    let slow = slow.filter(|_| !options.have_filter());
    let slow_of = |suite: &Suite| -> Vec<String> {
        slow.map_or(Vec::new(), |slow| slow.of(&suite.source).map(str::to_owned).collect())
    };
    let single = suites.iter().flat_map(|suite| {
        let test = |test| Job { suite: suite.clone(), test: Some(test), threads: 1, ..Job::default() };
        slow_of(suite).into_iter().map(test)
    });
    let mut jobs: Vec<_> = single.collect();
    jobs.extend(suites.into_iter().map(|suite| Job {
        without: slow_of(&suite),
        threads: options.threads,
        suite,
        test: None,
    }));
    jobs
}

impl Job {
    /// Returns the name in the report.
    pub(crate) fn name(&self) -> String {
        self.test.as_ref().map_or(self.suite.source.clone(), |test| format!("{} {test}", self.suite.source))
    }

    /// Runs the job. Returns its outcome and what it printed.
    pub(crate) fn run(&self, options: &Options) -> (Outcome, String) {
        let start = Instant::now();
        let (mut outcome, log) = match self.start_and_wait(options) {
            Ok((succeeded, log)) => {
                let mut outcome = Outcome::read(&log);
                let skipped = options.refuse_skips && log.lines().any(|line| line.starts_with("skipped:"));
                // Its line in the file of slow tests names no test.
                let absent = self.test.is_some() && outcome.passed + outcome.failed == 0;
                outcome.broken = !succeeded || skipped || absent;
                (outcome, log)
            }
            Err(error) => {
                (Outcome { broken: true, ..Outcome::default() }, format!("cannot be run: {error}\n"))
            }
        };
        outcome.source.clone_from(&self.suite.source);
        outcome.job = self.name();
        outcome.seconds = start.elapsed().as_secs_f64();
        (outcome, log)
    }

    fn start_and_wait(&self, options: &Options) -> std::io::Result<(bool, String)> {
        let mut file = tempfile::tempfile()?;
        let status = Command::new(&self.suite.executable)
            .args(self.selection())
            .args(&options.arguments)
            .arg(format!("--test-threads={}", self.threads))
            .args(["-Z", "unstable-options", "--report-time"])
            .env("RUSTC_BOOTSTRAP", "1")
            .current_dir(&self.suite.directory)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file.try_clone()?)
            .status()?;
        file.rewind()?;
        let mut log = Vec::new();
        file.read_to_end(&mut log)?;
        Ok((status.success(), String::from_utf8_lossy(&log).into_owned()))
    }

    /// Returns the arguments that select the tests of this job. Names are whole, so that each test is in one job.
    fn selection(&self) -> Vec<&str> {
        let mut words: Vec<&str> = self.test.iter().map(String::as_str).collect();
        words.extend(self.without.iter().flat_map(|test| ["--skip", test.as_str()]));
        if !words.is_empty() {
            words.push("--exact");
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(source: &str) -> Suite {
        Suite { source: source.to_owned(), ..Suite::default() }
    }

    fn described(jobs: &[Job]) -> Vec<(String, String, usize)> {
        jobs.iter().map(|job| (job.name(), job.selection().join(" "), job.threads)).collect()
    }

    fn options(words: &[&str]) -> Options {
        Options::read(words.iter().map(|word| (*word).to_owned())).unwrap()
    }

    #[test]
    fn slow_test_is_in_one_job_that_starts_first() {
        let slow = SlowTests::parse("b wait::long: it waits\n");
        let jobs = of(vec![suite("a"), suite("b")], Some(&slow), &options(&["--threads", "2"]));
        let expected =
            [("b wait::long", "wait::long --exact", 1), ("a", "", 2), ("b", "--skip wait::long --exact", 2)];
        let expected = expected.map(|(name, words, threads)| (name.to_owned(), words.to_owned(), threads));
        assert_eq!(described(&jobs), expected);
    }

    #[test]
    fn filter_is_given_to_whole_executables() {
        let slow = SlowTests::parse("b wait::long: it waits\n");
        let jobs = of(vec![suite("b")], Some(&slow), &options(&["--", "--show-output", "some"]));
        assert_eq!(described(&jobs), [("b".to_owned(), String::new(), 1)]);
    }
}
