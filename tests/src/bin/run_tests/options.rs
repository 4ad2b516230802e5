//! The words of the command line.

use std::path::PathBuf;

/// How the tests are run.
#[derive(Debug)]
pub(crate) struct Options {
    /// Executables at once.
    pub(crate) jobs: usize,
    /// Tests at once in one executable.
    pub(crate) threads: usize,
    /// Sources of the executables that start before the others: they take longest.
    pub(crate) first: Vec<String>,
    /// Sources of executables that run after all others, one group after the other.
    pub(crate) then: Vec<Vec<String>>,
    /// Sources of the executables to run, such as `tests/tests/end_to_end`; all when empty.
    pub(crate) only: Vec<String>,
    /// The file with the slow tests and their reasons.
    pub(crate) slow: Option<PathBuf>,
    /// Whether a test that says `skipped:` fails the run.
    pub(crate) refuse_skips: bool,
    /// Arguments of the executables.
    pub(crate) arguments: Vec<String>,
}

impl Options {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            jobs: 1,
            threads: 1,
            first: Vec::new(),
            then: Vec::new(),
            only: Vec::new(),
            slow: None,
            refuse_skips: false,
            arguments: Vec::new(),
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            let list = |text: String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
            let number = |text: String| match text.parse() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(format!("{word} needs a number")),
            };
            match word.as_str() {
                "--jobs" => options.jobs = number(value()?)?,
                "--threads" => options.threads = number(value()?)?,
                "--first" => options.first.extend(list(value()?)),
                "--then" => options.then.push(list(value()?)),
                "--only" => options.only.extend(list(value()?)),
                "--slow" => options.slow = Some(value()?.into()),
                "--refuse-skips" => options.refuse_skips = true,
                "--" => {
                    options.arguments = words.collect();
                    break;
                }
                _ => return Err(format!("unknown argument {word}")),
            }
        }
        Ok(options)
    }

    /// Tells whether the arguments select tests by their names.
    pub(crate) fn have_filter(&self) -> bool {
        self.arguments.iter().any(|argument| !argument.starts_with('-'))
    }
}
