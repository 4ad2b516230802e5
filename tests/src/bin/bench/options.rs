//! The command line.

use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "usage: bench accounts
       bench [--rounds N] [--seconds S] [--handlers N] [--callers N]
  --rounds N    rounds of each load (3)
  --seconds S   seconds per round (4)
  --handlers N  handler processes (1)
  --callers N   concurrent callers (64)";

/// A command of the bench.
pub(crate) enum Command {
    Bench(Options),
    /// The cost of requests by the number of accounts.
    Accounts,
    /// The echo server, which the bench starts as a process.
    EchoServer(EchoServer),
}

/// Options of a measurement.
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) span: Duration,
    pub(crate) handlers: usize,
    pub(crate) callers: usize,
}

/// Arguments of the echo server.
pub(crate) struct EchoServer {
    pub(crate) url: String,
    pub(crate) prefetch: u16,
    /// A file with the reply.
    pub(crate) reply: PathBuf,
}

impl Command {
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let words: Vec<_> = words.collect();
        let usage_error = |what: &str| format!("{what}\n{USAGE}");
        if let [first, url, prefetch, reply] = words.as_slice()
            && first == "echo-server"
        {
            let prefetch = prefetch.parse().map_err(|_| usage_error("the prefetch must be a number"))?;
            return Ok(Self::EchoServer(EchoServer { url: url.clone(), prefetch, reply: reply.into() }));
        }
        if words == ["accounts"] {
            return Ok(Self::Accounts);
        }
        let mut options = Options { rounds: 3, span: Duration::from_secs(4), handlers: 1, callers: 64 };
        for pair in words.chunks(2) {
            let [name, value] = pair else { return Err(usage_error("every option needs a value")) };
            let number = value.parse::<usize>().ok().filter(|number| *number > 0);
            let number =
                number.ok_or_else(|| usage_error(&format!("{name}: `{value}` must be a number above 0")))?;
            match name.as_str() {
                "--rounds" => options.rounds = number,
                "--seconds" => options.span = Duration::from_secs(number as u64),
                "--handlers" => options.handlers = number,
                "--callers" => options.callers = number,
                _ => return Err(usage_error(&format!("`{name}` is not an option"))),
            }
        }
        Ok(Self::Bench(options))
    }
}
