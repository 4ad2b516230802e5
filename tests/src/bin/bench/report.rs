//! The report: markdown tables and JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use gateway_tests::cpu::{LOAD, OTHERS};

use crate::environment::Sizes;
use crate::measure::LoadResult;
use crate::measurements::Measurements;
use crate::options::Options;

/// The measured processes, in the order of the request path.
const PROCESSES: [&str; 7] =
    [LOAD, "echo server", "front", "handler", "RabbitMQ", "MariaDB", "poller, relay"];

/// Renders two tables: capacity with latency, and processor time.
pub(crate) fn markdown(options: &Options, sizes: &Sizes, results: &[LoadResult; 3]) -> String {
    let mut text = String::new();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{} callers, {} handler(s), {cores} cores shared by load, gateway, RabbitMQ and MariaDB; median of {} \
         rounds (least to most). A request is {} bytes on the bus, the reply with an item {}, with a list {}.\n",
        options.callers, options.handlers, options.rounds, sizes.request, sizes.reply, sizes.list
    );
    text += "| load | answers/s | of the echo | p50 at half load | p99 at half load |\n";
    text += "|---|---|---|---|---|\n";
    let echo = &results[0].rate;
    for result in results {
        let (rate, ratio) = (&result.rate, result.rate.over(echo));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.1} ms | {:.1} ms |",
            result.name,
            shown(rate, 0),
            shown(&ratio, 2),
            result.p50,
            result.p99
        );
    }
    text += "\nProcessor time for one answer, in microseconds:\n\n| load |";
    PROCESSES.iter().for_each(|process| text += &format!(" {process} |"));
    text += " cores of the load | of others |\n|---|";
    text += &"---|".repeat(PROCESSES.len() + 2);
    text.push('\n');
    for result in results {
        let _ = write!(text, "| {} |", result.name);
        for process in PROCESSES {
            let _ = write!(text, " {:.0} |", result.cost(process));
        }
        let _ = writeln!(text, " {:.2} | {:.2} |", result.cores(LOAD), result.cores(OTHERS));
    }
    text
}

/// Returns the report as JSON.
pub(crate) fn json(options: &Options, sizes: &Sizes, results: &[LoadResult; 3]) -> Value {
    let echo = &results[0].rate;
    let loads: Vec<_> = results
        .iter()
        .map(|result| {
            let cpu = PROCESSES.map(|process| (process.to_owned(), result.cost(process).round().into()));
            json!({
                "load": result.name,
                "per_second": result.rate.median().round(),
                "rounds_per_second": result.rate.0.iter().map(|rate| rate.round()).collect::<Vec<_>>(),
                "of_echo": thousandth(result.rate.over(echo).median()),
                "p50_ms": thousandth(result.p50),
                "p99_ms": thousandth(result.p99),
                "cpu_us": Value::Object(cpu.into_iter().collect()),
                "other_cores": thousandth(result.cores(OTHERS)),
            })
        })
        .collect();
    json!({
        "callers": options.callers,
        "handlers": options.handlers,
        "bytes": {"request": sizes.request, "reply": sizes.reply, "list": sizes.list},
        "loads": loads,
    })
}

fn shown(numbers: &Measurements, digits: usize) -> String {
    format!("{:.digits$} ({:.digits$} to {:.digits$})", numbers.median(), numbers.least(), numbers.most())
}

fn thousandth(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
