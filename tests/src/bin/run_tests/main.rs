//! `run_tests`: runs test executables side by side, and prints the slowest tests and every failure at the end.
//!
//! Standard input is what `cargo test --no-run --message-format=json` prints. libtest measures each test (its
//! `--report-time`), which a stable toolchain allows only to executables that are started with `RUSTC_BOOTSTRAP`.

#![expect(clippy::print_stdout, reason = "the report of the tests is the program's output")]

mod job;
mod options;
mod outcome;
mod queue;
mod report;
mod slow;
mod suite;

use std::process::ExitCode;

use options::Options;
use slow::SlowTests;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("run_tests: {error}");
            return ExitCode::from(2);
        }
    };
    let slow = options.slow.as_deref().map(SlowTests::read);
    let places = options.jobs * options.threads;
    let mut outcomes = Vec::new();
    for group in suite::groups(suite::read(&options), &options) {
        outcomes.extend(queue::run(job::of(group, slow.as_ref(), &options), places, &options));
    }
    if outcomes.is_empty() {
        eprintln!("run_tests: there is no such test executable");
        return ExitCode::FAILURE;
    }
    report::print(&outcomes, slow.as_ref())
}
