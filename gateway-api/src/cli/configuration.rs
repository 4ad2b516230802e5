//! `gateway config`: check and output of the configuration.

use std::path::Path;

use clap::Subcommand;
use gateway_core::config::{Config as Configuration, without_password};
use gateway_core::error::{Error, Result};

use super::output;

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Check the configuration from file and environment.
    Check,
    /// Print every setting with its effective value, without passwords.
    Show,
}

impl Config {
    pub(super) fn run(self, file: Option<&Path>) -> Result<()> {
        let mut config = Configuration::load(file, std::env::vars())?;
        match self {
            Self::Check => output::line("the configuration is valid"),
            Self::Show => {
                config.database.url = without_password(&config.database.url);
                config.bus.url = without_password(&config.bus.url);
                output::line(toml::to_string(&config).map_err(Error::internal)?.trim_end());
            }
        }
        Ok(())
    }
}
