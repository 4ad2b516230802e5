//! Commands of who uses a gateway over its HTTP API, wherever it runs.

mod access;
mod api;
mod columns;
mod events;
mod freshness;
mod kinds;
mod links;
mod list;
mod login;
mod pages;
mod problem;
mod prompt;
mod session;
mod show;
mod value;

use clap::{Subcommand, ValueEnum};
use gateway_core::error::Result;

#[derive(Debug, Subcommand)]
pub(super) enum Remote {
    /// Prove cloud accounts, and keep the token for the commands below; without a credential, renew it.
    Login(login::Login),
    /// List resources of one kind, from all clouds or some.
    List(list::List),
    /// Show one resource, by its id or name.
    Show(show::Show),
    /// Tell what has changed, or follow what changes.
    Events(events::Events),
}

/// How results are printed. Everything else goes to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Columns for people.
    Table,
    /// The documents of the API.
    Json,
}

impl Remote {
    /// What is wrong with arguments that are right one by one.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::List(list) => list.check(),
            Self::Login(_) | Self::Show(_) | Self::Events(_) => Ok(()),
        }
    }

    pub(super) async fn run(self) -> Result<()> {
        match self {
            Self::Login(login) => login.run().await,
            Self::List(list) => list.run().await,
            Self::Show(show) => show.run().await,
            Self::Events(events) => events.run().await,
        }
    }
}
