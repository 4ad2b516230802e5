//! The command line: what there is, and which file does it.

mod audit;
mod client;
mod cloud;
mod configuration;
mod key;
mod output;
mod remote;
mod roles;
mod setting;
mod signals;
mod simulator;
mod table;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use gateway_core::error::Result;

use setting::Setting;

/// A gateway between many clouds and the programs that manage them.
#[derive(Debug, Parser)]
#[command(name = "gateway", version, disable_help_subcommand = true)]
struct Arguments {
    /// Configuration file; without it the defaults hold. Every key is also an environment variable.
    #[arg(long, global = true, env = "GATEWAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Remote(remote::Remote),
    /// Tell who ordered what, and what became of it: at your own accounts, or with --store at all.
    Audit(audit::Audit),
    /// Run all roles in one process; by default on SQLite and an in-process bus, so that no server is needed.
    Up,
    /// Run the HTTP side: HTTP to the bus and back.
    Front,
    /// Run a handler: answers requests from the store, proves credentials.
    Handler,
    /// Run a poller: keeps the store current from the clouds.
    Poller,
    /// Run a relay: numbers events and publishes them; one of all relays leads.
    Relay,
    /// Bring the database's schema up to date.
    Migrate,
    /// Check or show the configuration.
    #[command(subcommand)]
    Config(configuration::Config),
    /// Register clients and manage them.
    #[command(subcommand)]
    Client(client::Client),
    /// Register clouds.
    #[command(subcommand)]
    Cloud(cloud::Cloud),
    /// End tokens before their time.
    #[command(subcommand)]
    Token(token::Token),
    /// Make, rotate and retire the gateway's own keys.
    #[command(subcommand)]
    Key(key::Key),
    /// Run a simulated cloud, to try the gateway or test against.
    Simulator(simulator::Simulator),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Command::Remote(remote) = &arguments.command
        && let Err(wrong) = remote.check()
    {
        Arguments::command().error(ErrorKind::ValueValidation, wrong).exit()
    }
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    driver_kit::install_crypto();
    let config = arguments.config;
    match arguments.command {
        Command::Remote(remote) => output::block_on(remote.run()),
        Command::Audit(audit) => audit.run(config.as_deref()),
        Command::Simulator(simulator) => output::block_on(simulator.run()),
        Command::Config(command) => command.run(config.as_deref()),
        Command::Up => roles::run(Setting::load(config.as_deref())?, roles::Role::ALL, "up"),
        Command::Front => roles::run_apart(config.as_deref(), roles::Role::Front),
        Command::Handler => roles::run_apart(config.as_deref(), roles::Role::Handler),
        Command::Poller => roles::run_apart(config.as_deref(), roles::Role::Poller),
        Command::Relay => roles::run_apart(config.as_deref(), roles::Role::Relay),
        Command::Key(command) => output::block_on(command.run(Setting::load(config.as_deref())?)),
        Command::Migrate => {
            let setting = Setting::load(config.as_deref())?;
            output::block_on(async move {
                let done = setting.store()?.migrate().await?;
                output::line(&match done.0.len() {
                    0 => "the schema is up to date".to_owned(),
                    n => format!("applied {n}: {}", done.0.join(", ")),
                });
                Ok(())
            })
        }
        Command::Client(command) => output::block_on(command.run(Setting::load(config.as_deref())?)),
        Command::Cloud(command) => output::block_on(command.run(Setting::load(config.as_deref())?)),
        Command::Token(command) => output::block_on(command.run(Setting::load(config.as_deref())?)),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_secret_of_a_client_is_in_no_debug_text() {
        let words = ["gateway", "login", "--client-id", "c", "--client-secret", "hunter2"];
        let arguments = Arguments::try_parse_from(words).unwrap();
        let text = format!("{arguments:?}");
        assert!(text.contains("client_secret") && !text.contains("hunter2"), "{text}");
    }
}
