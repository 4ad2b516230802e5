//! `bench`: the cost of the gateway above the broker, in one run on one broker and one database.
//!
//! Three loads alternate in rounds, so that noise of the machine affects all of them: bare round trips over AMQP
//! (the echo), reads of one instance, and reads of fifty. A closed loop measures the capacity of each load. An open
//! loop at half of that rate then measures latencies that include queueing.
//!
//! `bench accounts` measures requests of clients with few and with many accounts instead.
//!
//! Writes markdown tables and one line of JSON to standard output, progress to standard error.
//! `GATEWAY_TEST_BIN` names the gateway, which must be an optimised build. `deploy/dev bench` sets it.

mod accounts;
mod arrivals;
mod callers;
mod echo_client;
mod echo_server;
mod environment;
mod http_client;
mod latencies;
mod measure;
mod measurements;
mod options;
mod payload;
mod report;

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
                Command::Accounts => accounts::run().await,
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
    let mut env = environment::Environment::start(options).await?;
    let results = measure::all(&mut env, options).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", report::markdown(options, &env.sizes, &results))?;
    writeln!(out, "{}", report::json(options, &env.sizes, &results))?;
    Ok(())
}
