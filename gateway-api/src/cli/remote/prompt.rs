//! Secrets from the terminal or a pipe. They are neither echoed nor visible in lists of processes.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, IsTerminal as _, Write as _};

use gateway_core::error::{Error, Result};
use gateway_core::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// Exit status that a shell uses for a command ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Reads a secret from the first line of standard input, or asks at the terminal if the input is one or `is_taken`.
pub(super) async fn secret(what: &str, is_taken: bool) -> Result<Secret> {
    let text = if is_taken || std::io::stdin().is_terminal() {
        typed(what).await?
    } else {
        let mut text = Zeroizing::new(String::new());
        std::io::stdin()
            .lock()
            .read_line(&mut text)
            .map_err(|error| Error::invalid(format!("cannot read {what} from standard input: {error}")))?;
        text
    };
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(Error::invalid(format!("{what} is missing"))),
        text => Ok(Secret::new(text)),
    }
}

async fn typed(what: &str) -> Result<Zeroizing<String>> {
    let failed = |error: std::io::Error| {
        Error::invalid(format!("{what} is missing and there is no terminal to ask at: {error}"))
    };
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(failed)?;
    write!(terminal, "{what}: ").map_err(failed)?;
    let silent = Silence::over(terminal.try_clone().map_err(failed)?).map_err(failed)?;
    let reading = tokio::task::spawn_blocking(move || {
        let mut text = Zeroizing::new(String::new());
        BufReader::new(terminal).read_line(&mut text).map(|_| text)
    });
    tokio::select! {
        read = reading => {
            let text = read.map_err(Error::internal)?.map_err(failed)?;
            drop(silent);
            Ok(text)
        }
        _ = tokio::signal::ctrl_c() => {
            drop(silent);
            // The read continues until a line is typed, so the process does not wait for it.
            std::process::exit(INTERRUPTED)
        }
    }
}

/// A terminal without echo until this is dropped.
struct Silence {
    terminal: File,
    before: Termios,
}

impl Silence {
    fn over(terminal: File) -> std::io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // The terminal may be gone.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
        let _ = writeln!(self.terminal);
    }
}
