//! Logging: one set-up for all roles.

use tracing_subscriber::EnvFilter;

/// A directive that overrides every filter: the AMQP client logs whole messages there, with the secrets of requests.
const NEVER: &str = "lapin::returned_messages=off";

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
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = match NEVER.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
