//! What is printed.

use std::fmt::Write as _;

use serde_json::{Value, json};

use gateway_tests::cpu::{LOAD, OTHERS};

use crate::measure::Finding;
use crate::numbers::Numbers;
use crate::options::Options;
use crate::stage::Sizes;

/// What each load spends processor time in, in the order of the path.
const PROCESSES: [&str; 7] =
    [LOAD, "echo server", "front", "handler", "RabbitMQ", "MariaDB", "poller, relay"];

/// Two tables: capacity and latency, and where the time goes.
pub(crate) fn markdown(options: &Options, sizes: &Sizes, findings: &[Finding; 3]) -> String {
    let mut text = String::new();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} callers, {} handler(s), {cores} cores shared by load, gateway, RabbitMQ and MariaDB; median of {} \
         rounds (least to most). A request is {} bytes on the bus, the reply with an item {}, with a list {}.\n",
        options.callers, options.handlers, options.rounds, sizes.request, sizes.reply, sizes.list
    );
    text += "| load | answers/s | of the echo | p50 at half load | p99 at half load |\n";
    text += "|---|---|---|---|---|\n";
    let echo = &findings[0].rate;
    for finding in findings {
        let (rate, ratio) = (&finding.rate, finding.rate.over(echo));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.1} ms | {:.1} ms |",
            finding.name,
            shown(rate, 0),
            shown(&ratio, 2),
            finding.p50,
            finding.p99
        );
    }
    text += "\nProcessor time for one answer, in microseconds:\n\n| load |";
    PROCESSES.iter().for_each(|process| text += &format!(" {process} |"));
    text += " cores of the load | of others |\n|---|";
    text += &"---|".repeat(PROCESSES.len() + 2);
    text.push('\n');
    for finding in findings {
        let _ = write!(text, "| {} |", finding.name);
        for process in PROCESSES {
            let _ = write!(text, " {:.0} |", finding.cost(process));
        }
        let _ = writeln!(text, " {:.2} | {:.2} |", finding.cores(LOAD), finding.cores(OTHERS));
    }
    text
}

/// All of it on one line.
pub(crate) fn json(options: &Options, sizes: &Sizes, findings: &[Finding; 3]) -> Value {
    let echo = &findings[0].rate;
    let loads: Vec<_> = findings
        .iter()
        .map(|finding| {
            let cpu = PROCESSES.map(|process| (process.to_owned(), finding.cost(process).round().into()));
            json!({
                "load": finding.name,
                "per_second": finding.rate.median().round(),
                "rounds_per_second": finding.rate.0.iter().map(|rate| rate.round()).collect::<Vec<_>>(),
                "of_echo": thousandth(finding.rate.over(echo).median()),
                "p50_ms": thousandth(finding.p50),
                "p99_ms": thousandth(finding.p99),
                "cpu_us": Value::Object(cpu.into_iter().collect()),
                "other_cores": thousandth(finding.cores(OTHERS)),
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

fn shown(numbers: &Numbers, digits: usize) -> String {
    format!("{:.digits$} ({:.digits$} to {:.digits$})", numbers.median(), numbers.least(), numbers.most())
}

fn thousandth(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
