//! The command line: roles, administration, and the commands of users.

mod admin;
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

/// Run and use a gateway between many clouds and the programs that manage them.
#[derive(Debug, Parser)]
#[command(name = "gateway", version, disable_help_subcommand = true)]
struct Arguments {
    /// Read the configuration from this file; every key is also an environment variable.
    #[arg(long, global = true, env = "GATEWAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Remote(remote::Remote),
    /// List who did what at your accounts, or at all accounts with --store.
    Audit(audit::Audit),
    /// Run all roles in one process, by default on SQLite and an in-process bus.
    Up,
    /// Run a front, which passes HTTP requests to the bus.
    Front,
    /// Run a handler, which answers requests.
    Handler,
    /// Run a poller, which keeps the store current.
    Poller,
    /// Run a relay, which numbers and publishes events; one of all relays leads.
    Relay,
    /// Update the schema of the database.
    Migrate,
    /// Check or print the configuration.
    #[command(subcommand)]
    Config(configuration::Config),
    /// Register and manage clients.
    #[command(subcommand)]
    Client(client::Client),
    /// Register clouds.
    #[command(subcommand)]
    Cloud(cloud::Cloud),
    /// Revoke tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Generate, rotate and retire the keys of the gateway.
    #[command(subcommand)]
    Key(key::Key),
    /// Run a simulated cloud for trials and tests.
    Simulator(simulator::Simulator),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Command::Remote(remote) = &arguments.command
        && let Err(reason) = remote.check()
    {
        Arguments::command().error(ErrorKind::ValueValidation, reason).exit()
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
    fn command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_of_list_is_plain() {
        let mut arguments = Arguments::command();
        arguments.build();
        let list = arguments.find_subcommand_mut("list").unwrap().clone();
        // The values depend on the environment of the test.
        let mut list = list.mut_args(|argument| argument.hide_env_values(true));
        insta::assert_snapshot!(list.render_help().to_string());
    }

    #[test]
    fn debug_hides_the_secret_of_a_client() {
        let words = ["gateway", "login", "--client-id", "c", "--client-secret", "hunter2"];
        let arguments = Arguments::try_parse_from(words).unwrap();
        let text = format!("{arguments:?}");
        assert!(text.contains("client_secret") && !text.contains("hunter2"), "{text}");
    }
}
