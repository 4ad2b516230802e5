//! Commands of the users of a gateway, over its REST API.

mod access;
mod act_all;
mod change;
mod columns;
mod command;
mod create;
mod delete;
mod details;
mod events;
mod fields;
mod filter;
mod freshness;
mod key_file;
mod kinds;
mod links;
mod list;
mod listing;
mod login;
mod naming;
mod operation;
mod operations;
mod outcome;
pub(super) mod problem;
mod prompt;
mod rows;
mod sending;
mod session;
mod show;
pub(super) mod value;
mod verbs;

use clap::{Args, Subcommand, ValueEnum};
use gateway_core::error::Result;

pub(super) use access::Access;
pub(super) use rows::Rows;

#[derive(Debug, Subcommand)]
pub(super) enum Remote {
    /// Prove cloud accounts and store the token for the commands below, or renew it.
    Login(login::Login),
    /// List resources of one kind.
    List(list::List),
    /// Show one resource.
    Show(show::Show),
    /// Print changes, or follow them.
    Events(events::Events),
    /// Create a resource, or several.
    Create(create::Create),
    /// Update name, description or tags.
    Update(change::Update),
    /// Delete resources.
    Delete(delete::Delete),
    /// Run an action on a resource, such as stop.
    Act(change::Act),
    /// Run an action on every resource that a filter matches, if the count is as expected.
    ActAll(act_all::ActAll),
    /// List operations and their outcomes, the newest first.
    Operations(operations::Operations),
    /// Show one operation, or wait for its outcome.
    Operation(operation::Operation),
}

/// Form of the output. Everything else goes to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// Columns for people.
    Table,
    /// The documents of the API.
    Json,
}

/// Options for the form of the output.
#[derive(Debug, Args)]
pub(super) struct Shape {
    /// Print columns, or the answer of the API as it is.
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
    /// Print JSON, like `--output json`.
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

impl Shape {
    pub(super) fn form(&self) -> Form {
        if self.json { Form::Json } else { self.output }
    }
}

impl Remote {
    /// Checks arguments that depend on each other.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::List(list) => list.check(),
            Self::Create(create) => create.check(),
            Self::Update(update) => update.check(),
            Self::Delete(delete) => delete.check(),
            Self::Act(act) => act.check(),
            Self::ActAll(act) => act.check(),
            Self::Login(_) | Self::Show(_) | Self::Events(_) | Self::Operations(_) | Self::Operation(_) => {
                Ok(())
            }
        }
    }

    pub(super) async fn run(self) -> Result<()> {
        match self {
            Self::Login(login) => login.run().await,
            Self::List(list) => list.run().await,
            Self::Show(show) => show.run().await,
            Self::Events(events) => events.run().await,
            Self::Create(create) => create.run().await,
            Self::Update(update) => update.run().await,
            Self::Delete(delete) => delete.run().await,
            Self::Act(act) => act.run().await,
            Self::ActAll(act) => act.run().await,
            Self::Operations(operations) => operations.run().await,
            Self::Operation(operation) => operation.run().await,
        }
    }
}
