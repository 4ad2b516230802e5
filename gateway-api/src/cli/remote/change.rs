//! `gateway update` and `gateway act`: one command on one resource.

use clap::Args;
use gateway_core::Kind;
use gateway_core::error::{Error, Result};
use gateway_core::kind::Verb;
use serde_json::Value;

use super::command::CommandArguments;
use super::sending::{Sending, Write};
use super::{Shape, kinds, naming, outcome, verbs};

#[derive(Debug, Args)]
#[command(after_long_help = verbs::fields_help(Verb::Update))]
pub(in crate::cli) struct Update {
    /// Kind, such as `instance`.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// Id in the gateway, or name.
    #[arg(value_name = "ID-or-NAME")]
    resource: String,
    #[command(flatten)]
    change: Change,
}

#[derive(Debug, Args)]
#[command(after_long_help = verbs::actions_help())]
pub(in crate::cli) struct Act {
    /// Kind, such as `instance`.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// Id in the gateway, or name.
    #[arg(value_name = "ID-or-NAME")]
    resource: String,
    /// Action, such as `stop`; `--help` names all.
    #[arg(value_parser = verbs::parse)]
    action: Verb,
    #[command(flatten)]
    change: Change,
}

#[derive(Debug, Args)]
struct Change {
    #[command(flatten)]
    command: CommandArguments,
    /// Print the operation without waiting for its outcome.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    sending: Sending,
}

impl Update {
    pub(super) fn check(&self) -> Result<(), String> {
        self.change.command.check(verbs::of(self.kind, Verb::Update)?)
    }

    pub(super) async fn run(self) -> Result<()> {
        self.change.run(self.kind, Verb::Update, &self.resource).await
    }
}

impl Act {
    pub(super) fn check(&self) -> Result<(), String> {
        if !self.action.is_action() {
            return Err(format!("`{0}` is not an action; use `gateway {0}`", self.action));
        }
        self.change.command.check(verbs::of(self.kind, self.action)?)
    }

    pub(super) async fn run(self) -> Result<()> {
        self.change.run(self.kind, self.action, &self.resource).await
    }
}

impl Change {
    async fn run(self, kind: Kind, verb: Verb, resource: &str) -> Result<()> {
        let spec = verbs::of(kind, verb).map_err(Error::invalid)?;
        let mut command = Value::Object(self.command.body(spec)?);
        let sender = self.sending.sender()?;
        let id = naming::id(&sender.client, kind.spec(), resource).await?;
        naming::resolve(&sender.client, spec, &mut command).await?;
        let (method, path) = verbs::route(kind, verb, Some(&id));
        let key = sender.key();
        let write = Write { method, path, query: &[], body: &command, key: &key, no_wait: self.no_wait };
        let sent = sender.send(&write).await?;
        outcome::print(&sent.answer, self.shape.form(), None).map(drop)
    }
}
