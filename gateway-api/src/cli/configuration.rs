//! `gateway config`.

use std::path::Path;

use clap::Subcommand;
use gateway_core::config::{Config as Configuration, without_password};
use gateway_core::error::{Error, Result};

use super::output;

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Read file and environment, and say what is wrong with them, if anything is.
    Check,
    /// Print every setting with the value in force, passwords left out.
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
