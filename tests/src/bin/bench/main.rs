//! `bench`: what the gateway costs above the broker, in one run on one broker and one database.
//!
//! Rounds of three loads take turns, so that what else the machine does falls on all of them: bare round trips
//! over AMQP (the echo), reads of one instance, reads of fifty. Each load is first driven by callers that ask
//! again as soon as they are answered, which gives its capacity; then by arrivals at half of that, at moments
//! that do not depend on the answers, which gives latencies that hide no queue.
//!
//! Tables in markdown and one line of JSON go to standard output, progress to standard error.
//! `GATEWAY_TEST_BIN` names the gateway to measure: one of an optimised build. `deploy/dev bench` does all that.

mod arrivals;
mod callers;
mod echo_client;
mod echo_server;
mod http_client;
mod latencies;
mod measure;
mod numbers;
mod options;
mod payload;
mod report;
mod stage;

use std::io::Write as _;
use std::process::ExitCode;

use options::{Command, Options};

fn main() -> ExitCode {
    let command = match Command::read(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        runtime.block_on(async {
            match command {
                Command::EchoServer(server) => echo_server::run(server).await,
                Command::Bench(options) => bench(&options).await,
            }
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn bench(options: &Options) -> anyhow::Result<()> {
    let mut stage = stage::Stage::start(options).await?;
    let results = measure::all(&mut stage, options).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", report::markdown(options, &stage.sizes, &results))?;
    writeln!(out, "{}", report::json(options, &stage.sizes, &results))?;
    Ok(())
}
