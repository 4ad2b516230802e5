//! The log filter, which an operator can read and replace at run time.

use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::{EnvFilter, Registry};

use crate::error::{Error, Result};

/// A directive that overrides every filter: the AMQP client logs whole messages there, with the secrets of requests.
const NEVER: &str = "lapin::returned_messages=off";

/// The longest filter. A longer one costs time for every line that is not yet known to be filtered out.
const MAX_BYTES: usize = 1024;

/// The control of the filter of this process; none before logging is started.
static CONTROL: OnceLock<Control> = OnceLock::new();

/// The means to read and replace a filter.
pub(super) struct Control {
    handle: Handle<EnvFilter, Registry>,
    text: Mutex<String>,
}

impl Control {
    /// Makes this the control of the process.
    pub(super) fn install(self) {
        // Logging is started once, so that there is none yet.
        let _ = CONTROL.set(self);
    }
}

/// Returns a layer with a filter, and its control. `info` replaces a filter that is empty or cannot be read.
pub(super) fn layer(text: &str) -> (reload::Layer<EnvFilter, Registry>, Control) {
    let text = if text.is_empty() { "info" } else { text };
    let (text, filter) = match EnvFilter::try_new(text) {
        Ok(filter) => (text, filter),
        Err(_) => ("info", EnvFilter::new("info")),
    };
    let (layer, handle) = reload::Layer::new(with_never(filter));
    (layer, Control { handle, text: Mutex::new(text.to_owned()) })
}

/// Returns the filter of this process; none before logging is started.
pub fn current_filter() -> Option<String> {
    let text = CONTROL.get()?.text.lock().unwrap_or_else(PoisonError::into_inner);
    Some(text.clone())
}

/// A filter that can be read, to replace that of the process.
#[derive(Debug)]
pub struct NewFilter {
    text: String,
    filter: EnvFilter,
}

impl NewFilter {
    /// Reads a filter. Other than at the start, a word that is no level is refused: it would be read as the name of a
    /// crate, and turn all other lines off.
    ///
    /// # Errors
    /// Invalid if the filter cannot be read.
    pub fn parse(text: &str) -> Result<Self> {
        let directives: Vec<_> = text.split(',').map(str::trim).collect();
        let text = directives.join(",");
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(Error::invalid(format!("a log filter has 1 to {MAX_BYTES} bytes")));
        }
        let is_word = |directive: &&str| !directive.contains(['=', '[']);
        let mut words = directives.into_iter().filter(is_word);
        if let Some(word) = words.find(|word| word.parse::<LevelFilter>().is_err()) {
            return Err(Error::invalid(format!(
                "`{word}` is no log level; use error, warn, info, debug, trace or off, or name a crate as in \
                 `gateway_poller=debug`"
            )));
        }
        let filter = EnvFilter::try_new(&text)
            .map_err(|error| Error::invalid(format!("the log filter cannot be read: {error}")))?;
        Ok(Self { text, filter: with_never(filter) })
    }

    /// Returns the filter in the form of `RUST_LOG`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the filter of the process until its end, and returns the one before.
    ///
    /// # Errors
    /// Unavailable before logging is started.
    pub fn apply(self) -> Result<String> {
        let control = CONTROL.get().ok_or_else(|| Error::unavailable("logging is not started"))?;
        let mut text = control.text.lock().unwrap_or_else(PoisonError::into_inner);
        control.handle.reload(self.filter).map_err(Error::internal)?;
        Ok(std::mem::replace(&mut *text, self.text))
    }
}

fn with_never(filter: EnvFilter) -> EnvFilter {
    match NEVER.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_with_a_misspelt_level_is_refused() {
        for (text, expected) in [
            ("infoo", "`infoo` is no log level"),
            ("info,gateway_poller", "`gateway_poller` is no log level"),
            ("info,gateway_poller=loud", "cannot be read"),
            ("", "1 to 1024 bytes"),
            (&"a=info,".repeat(200), "1 to 1024 bytes"),
        ] {
            let error = NewFilter::parse(text).unwrap_err();
            assert!(error.message().contains(expected), "{text}: {error}");
        }
        for text in ["debug", "warn, gateway_poller=debug", "info,gateway_api[request]=trace", "off"] {
            assert!(NewFilter::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn no_filter_lets_the_messages_of_the_bus_through() {
        let filter = NewFilter::parse("trace,lapin=trace").unwrap().filter;
        assert!(filter.to_string().contains(NEVER), "{filter}");
    }
}
