//! Commands of who uses a gateway over its HTTP API, wherever it runs.

mod access;
mod act_all;
mod api;
mod change;
mod columns;
mod create;
mod delete;
mod details;
mod events;
mod freshness;
mod given;
mod key_file;
mod kinds;
mod links;
mod list;
mod login;
mod members;
mod naming;
mod narrowing;
mod operation;
mod operations;
mod outcome;
mod pages;
mod problem;
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
    /// Prove cloud accounts, and keep the token for the commands below; without a credential, renew it.
    Login(login::Login),
    /// List resources of one kind, from all clouds or some.
    List(list::List),
    /// Show one resource, by its id or name.
    Show(show::Show),
    /// Tell what has changed, or follow what changes.
    Events(events::Events),
    /// Make a resource, or several.
    Create(create::Create),
    /// Change what its owner writes about a resource: its name, description and tags.
    Update(change::Update),
    /// End resources.
    Delete(delete::Delete),
    /// Do something to a resource, such as stop an instance.
    Act(change::Act),
    /// Do something to all that a filter finds, if it finds as many as are expected.
    ActAll(act_all::ActAll),
    /// List what has been ordered, the newest first, and what became of it.
    Operations(operations::Operations),
    /// Show one operation, or wait for its end.
    Operation(operation::Operation),
}

/// How results are printed. Everything else goes to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// Columns for people.
    Table,
    /// The documents of the API.
    Json,
}

/// The form of what commands about writes print.
#[derive(Debug, Args)]
pub(super) struct Shape {
    /// Columns, or what the API answers as it is.
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
    /// The same as `--output json`.
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

impl Shape {
    pub(super) fn form(&self) -> Form {
        if self.json { Form::Json } else { self.output }
    }
}

impl Remote {
    /// What is wrong with arguments that are right one by one.
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
