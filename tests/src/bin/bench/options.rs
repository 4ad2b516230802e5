//! The command line.

use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "usage: bench [--rounds N] [--seconds S] [--handlers N] [--callers N]
  --rounds N    how often each load is driven (3)
  --seconds S   how long, each time (4)
  --handlers N  handler processes (1)
  --callers N   who ask at once (64)";

/// What to do.
pub(crate) enum Command {
    Bench(Options),
    /// The other end of the echo: started by the bench itself, as a process of its own.
    EchoServer(EchoServer),
}

/// How to measure.
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) span: Duration,
    pub(crate) handlers: usize,
    pub(crate) callers: usize,
}

/// What the echo server is told.
pub(crate) struct EchoServer {
    pub(crate) url: String,
    pub(crate) prefetch: u16,
    /// A file with what it answers.
    pub(crate) reply: PathBuf,
}

impl Command {
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let words: Vec<_> = words.collect();
        let wrong = |what: &str| format!("{what}\n{USAGE}");
        if let [first, url, prefetch, reply] = words.as_slice()
            && first == "echo-server"
        {
            let prefetch = prefetch.parse().map_err(|_| wrong("the prefetch is a number"))?;
            return Ok(Self::EchoServer(EchoServer { url: url.clone(), prefetch, reply: reply.into() }));
        }
        let mut options = Options { rounds: 3, span: Duration::from_secs(4), handlers: 1, callers: 64 };
        for pair in words.chunks(2) {
            let [name, value] = pair else { return Err(wrong("every option has a value")) };
            let number = value.parse::<usize>().ok().filter(|number| *number > 0);
            let number = number.ok_or_else(|| wrong(&format!("{name}: {value} is not a number above 0")))?;
            match name.as_str() {
                "--rounds" => options.rounds = number,
                "--seconds" => options.span = Duration::from_secs(number as u64),
                "--handlers" => options.handlers = number,
                "--callers" => options.callers = number,
                _ => return Err(wrong(&format!("there is no option {name}"))),
            }
        }
        Ok(Self::Bench(options))
    }
}
