//! The outcome of a job, read from what libtest prints.

/// The outcome of one job.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The name of the job.
    pub(crate) job: String,
    /// The source of its executable.
    pub(crate) source: String,
    pub(crate) seconds: f64,
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    /// The job itself failed: by a test, a crash, or a refused skip.
    pub(crate) broken: bool,
    /// Each test with its seconds.
    pub(crate) times: Vec<(f64, String)>,
}

impl Outcome {
    /// Reads libtest's output: `test NAME ... ok <1.234s>` and `test result: ok. 3 passed; 0 failed; ...`.
    pub(crate) fn read(log: &str) -> Self {
        let mut outcome = Self::default();
        for line in log.lines() {
            if let Some(result) = line.strip_prefix("test result:") {
                let count = |word: &str| {
                    let part = result.split(['.', ';']).find(|part| part.ends_with(word));
                    part.and_then(|part| part.split_whitespace().next())
                        .and_then(|number| number.parse().ok())
                };
                outcome.passed += count(" passed").unwrap_or(0);
                outcome.failed += count(" failed").unwrap_or(0);
            } else if let Some((name, rest)) =
                line.strip_prefix("test ").and_then(|line| line.split_once(" ... "))
                && let Some((_, time)) = rest.rsplit_once('<')
                && let Ok(seconds) = time.trim_end_matches("s>").parse()
            {
                outcome.times.push((seconds, name.to_owned()));
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_times_are_read() {
        let log = "running 2 tests\ntest a::b ... ok <0.250s>\ntest c ... FAILED <61.500s>\n\n\
                   test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out; finished in 61.50s\n";
        let outcome = Outcome::read(log);
        assert_eq!((outcome.passed, outcome.failed), (1, 1));
        assert_eq!(outcome.times, [(0.25, "a::b".to_owned()), (61.5, "c".to_owned())]);
    }
}
