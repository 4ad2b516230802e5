//! Logging: one set-up for all roles, with a filter that can be changed at run time.

mod filter;

pub use filter::{NewFilter, current_filter};

use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// A JSON object per line.
    Json,
}

/// Starts logging to standard error. `filter` has the form of `RUST_LOG`, such as `info,gateway_poller=debug`.
///
/// Further calls have no effect, so that every test may call it.
pub fn start(filter: &str, format: LogFormat) {
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let (layer, control) = filter::layer(filter);
    if registry().with(layer).with(lines).try_init().is_ok() {
        control.install();
    }
}
