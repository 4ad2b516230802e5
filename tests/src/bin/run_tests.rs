//! `run_tests`: runs test executables side by side, and prints the slowest tests and every failure at the end.
//!
//! Standard input is what `cargo test --no-run --message-format=json` prints. libtest measures each test (its
//! `--report-time`), which a stable toolchain allows only to executables that are started with `RUSTC_BOOTSTRAP`.

#![expect(clippy::print_stdout, reason = "the report of the tests is the program's output")]

use std::collections::VecDeque;
use std::io::{BufRead as _, Read as _, Seek as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use serde::Deserialize;

/// Tests that take longer need a reason in the file of slow tests; those without one are named.
const SLOW_SECONDS: f64 = 60.0;

/// A test without a reason that takes longer fails the run. The factor leaves room for a busy machine.
const FAIL_SECONDS: f64 = 5.0 * SLOW_SECONDS;

/// The number of tests in the table of the slowest.
const SHOWN: usize = 20;

/// How the tests are run.
#[derive(Default)]
struct Options {
    /// Executables at once.
    jobs: usize,
    /// Names of executables that run after the others, one at a time: they measure, or load the whole machine.
    alone: Vec<String>,
    /// Sources of the executables to run, such as `tests/tests/end_to_end`; all when empty.
    only: Vec<String>,
    /// Sources of the executables that are left out.
    without: Vec<String>,
    /// The file with the slow tests and their reasons.
    slow: Option<PathBuf>,
    /// Whether a test that says `skipped:` fails the run.
    refuse_skips: bool,
    /// Arguments of the executables.
    arguments: Vec<String>,
}

/// A test executable.
#[derive(Clone, Debug)]
struct Suite {
    /// The source without its ending, from the root of the repository.
    source: String,
    directory: PathBuf,
    executable: PathBuf,
}

/// The outcome of one executable.
#[derive(Debug, Default)]
struct Outcome {
    source: String,
    seconds: f64,
    passed: u32,
    failed: u32,
    /// The executable itself failed: by a test, a crash, or a refused skip.
    broken: bool,
    /// Each test with its seconds.
    times: Vec<(f64, String)>,
}

#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    src_path: PathBuf,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("run_tests: {error}");
            return ExitCode::from(2);
        }
    };
    let (alone, beside): (Vec<_>, Vec<_>) =
        suites(&options).into_iter().partition(|suite| options.alone.contains(&suite.source));
    let mut outcomes = run_all(beside, options.jobs, &options);
    outcomes.extend(run_all(alone, 1, &options));
    if outcomes.is_empty() {
        eprintln!("run_tests: there is no such test executable");
        return ExitCode::FAILURE;
    }
    summary(&outcomes, &options)
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { jobs: 1, ..Options::default() };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        let list = |text: String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        match word.as_str() {
            "--jobs" => options.jobs = value()?.parse().map_err(|_| "--jobs needs a number")?,
            "--alone" => options.alone.extend(list(value()?)),
            "--only" => options.only.extend(list(value()?)),
            "--without" => options.without.extend(list(value()?)),
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

/// Reads the executables from cargo's messages, in the order in which they were built.
fn suites(options: &Options) -> Vec<Suite> {
    let root = std::env::current_dir().expect("there is a current directory");
    let lines = std::io::stdin().lock().lines().map_while(Result::ok);
    let messages = lines.filter_map(|line| serde_json::from_str::<Message>(&line).ok());
    let suites = messages.filter_map(|message| {
        message.profile?.test.then_some(())?;
        let path = message.target?.src_path.with_extension("");
        let source = path.strip_prefix(&root).ok()?.to_string_lossy().into_owned();
        Some(Suite {
            source: source.strip_suffix("/main").map_or(source.clone(), str::to_owned),
            directory: message.manifest_path?.parent()?.to_path_buf(),
            executable: message.executable?,
        })
    });
    suites
        .filter(|suite| options.only.is_empty() || options.only.contains(&suite.source))
        .filter(|suite| !options.without.contains(&suite.source))
        .collect()
}

/// Runs executables, so many at once, and prints what each printed when it ends.
fn run_all(suites: Vec<Suite>, jobs: usize, options: &Options) -> Vec<Outcome> {
    let (waiting, done) = (Mutex::new(VecDeque::from(suites)), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(suite) = { waiting.lock().expect("no thread panics").pop_front() } {
                    let (outcome, log) = run(&suite, options);
                    let mut done = done.lock().expect("no thread panics");
                    print!("=== {}\n{log}=== {}: {:.0} s\n", suite.source, suite.source, outcome.seconds);
                    done.push(outcome);
                }
            });
        }
    });
    done.into_inner().expect("no thread panics")
}

fn run(suite: &Suite, options: &Options) -> (Outcome, String) {
    let start = Instant::now();
    let (outcome, log) = match start_and_wait(suite, options) {
        Ok((succeeded, log)) => {
            let skipped = options.refuse_skips && log.lines().any(|line| line.starts_with("skipped:"));
            let read = read_log(&log);
            (Outcome { broken: !succeeded || skipped, ..read }, log)
        }
        Err(error) => (Outcome { broken: true, ..Outcome::default() }, format!("cannot be run: {error}\n")),
    };
    (Outcome { source: suite.source.clone(), seconds: start.elapsed().as_secs_f64(), ..outcome }, log)
}

fn start_and_wait(suite: &Suite, options: &Options) -> std::io::Result<(bool, String)> {
    let mut file = tempfile::tempfile()?;
    let status = Command::new(&suite.executable)
        .args(&options.arguments)
        .args(["-Z", "unstable-options", "--report-time"])
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(&suite.directory)
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file.try_clone()?)
        .status()?;
    file.rewind()?;
    let mut log = Vec::new();
    file.read_to_end(&mut log)?;
    Ok((status.success(), String::from_utf8_lossy(&log).into_owned()))
}

/// Reads libtest's output: `test NAME ... ok <1.234s>` and `test result: ok. 3 passed; 0 failed; ...`.
fn read_log(log: &str) -> Outcome {
    let mut outcome = Outcome::default();
    for line in log.lines() {
        if let Some(result) = line.strip_prefix("test result:") {
            let count = |word: &str| {
                let part = result.split(['.', ';']).find(|part| part.ends_with(word));
                part.and_then(|part| part.split_whitespace().next()).and_then(|number| number.parse().ok())
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

/// Prints times and totals; the last line is the one that counts the tests.
fn summary(outcomes: &[Outcome], options: &Options) -> ExitCode {
    let mut suites: Vec<_> = outcomes.iter().map(|one| (one.seconds, one.source.clone())).collect();
    let named = |one: &Outcome| {
        let source = one.source.clone();
        one.times.clone().into_iter().map(move |(seconds, name)| (seconds, format!("{source} {name}")))
    };
    let mut tests: Vec<_> = outcomes.iter().flat_map(named).collect();
    for (what, rows) in [("executables", &mut suites), ("tests", &mut tests)] {
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        println!("the slowest {what}:");
        rows.iter().take(SHOWN).for_each(|(seconds, name)| println!("{seconds:8.1} s  {name}"));
    }
    let unexplained = without_reason(&tests, options);
    for (_, name) in &unexplained {
        println!(
            "slow without a reason: {name}: make it faster than {SLOW_SECONDS} s, or say why in the file of slow tests"
        );
    }
    let too_slow = unexplained.iter().any(|(seconds, _)| *seconds > FAIL_SECONDS);
    let broken: Vec<_> = outcomes.iter().filter(|one| one.broken).collect();
    broken.iter().for_each(|one| println!("failed: {}", one.source));
    let passed: u32 = outcomes.iter().map(|one| one.passed).sum();
    let failed: u32 = outcomes.iter().map(|one| one.failed).sum();
    println!("{passed} passed, {failed} failed");
    let is_fine = broken.is_empty() && !too_slow && failed == 0 && passed > 0;
    if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the slow tests that the file of slow tests does not name; none without such a file.
fn without_reason(tests: &[(f64, String)], options: &Options) -> Vec<(f64, String)> {
    let Some(file) = &options.slow else { return Vec::new() };
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let known: Vec<_> = text.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
    let slow = tests.iter().filter(|(seconds, _)| *seconds > SLOW_SECONDS);
    slow.filter(|(_, name)| !known.contains(&name.as_str())).cloned().collect()
}
