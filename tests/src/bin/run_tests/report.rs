//! The report at the end of a run.

use std::process::ExitCode;

use crate::outcome::Outcome;
use crate::slow::{FAIL_SECONDS, SLOW_SECONDS, SlowTests};

/// The number of rows in the tables of the slowest.
const SHOWN: usize = 20;

/// Prints times and totals; the last line is the one that counts the tests.
pub(crate) fn print(outcomes: &[Outcome], slow: Option<&SlowTests>) -> ExitCode {
    let mut jobs: Vec<_> = outcomes.iter().map(|one| (one.seconds, one.job.clone())).collect();
    let named = |one: &Outcome| {
        let source = one.source.clone();
        one.times.clone().into_iter().map(move |(seconds, name)| (seconds, format!("{source} {name}")))
    };
    let mut tests: Vec<_> = outcomes.iter().flat_map(named).collect();
    for (what, rows) in [("executables", &mut jobs), ("tests", &mut tests)] {
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        println!("the slowest {what}:");
        rows.iter().take(SHOWN).for_each(|(seconds, name)| println!("{seconds:8.1} s  {name}"));
    }
    let unexplained = without_reason(&tests, slow);
    for (_, name) in &unexplained {
        println!(
            "slow without a reason: {name}: make it faster than {SLOW_SECONDS} s, or say why in the file of slow tests"
        );
    }
    let too_slow = unexplained.iter().any(|(seconds, _)| *seconds > FAIL_SECONDS);
    let broken: Vec<_> = outcomes.iter().filter(|one| one.broken).collect();
    broken.iter().for_each(|one| println!("failed: {}", one.job));
    let passed: u32 = outcomes.iter().map(|one| one.passed).sum();
    let failed: u32 = outcomes.iter().map(|one| one.failed).sum();
    println!("{passed} passed, {failed} failed");
    let is_fine = broken.is_empty() && !too_slow && failed == 0 && passed > 0;
    if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the slow tests that the file of slow tests does not name; none without such a file.
fn without_reason<'a>(tests: &'a [(f64, String)], slow: Option<&SlowTests>) -> Vec<&'a (f64, String)> {
    let Some(known) = slow else { return Vec::new() };
    tests.iter().filter(|(seconds, name)| *seconds > SLOW_SECONDS && !known.have(name)).collect()
}
