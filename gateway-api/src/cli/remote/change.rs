//! `gateway update` and `gateway act`: one thing done to one resource.

use clap::Args;
use gateway_core::Kind;
use gateway_core::error::{Error, Result};
use gateway_core::kind::Verb;
use serde_json::Value;

use super::api::Write;
use super::given::Given;
use super::sending::Sending;
use super::{Shape, kinds, naming, outcome, verbs};

#[derive(Debug, Args)]
#[command(after_long_help = verbs::members_help(Verb::Update))]
pub(in crate::cli) struct Update {
    /// What it is, such as `instance`.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// The gateway's id of it, or its name.
    #[arg(value_name = "ID-or-NAME")]
    wanted: String,
    #[command(flatten)]
    change: Change,
}

#[derive(Debug, Args)]
#[command(after_long_help = verbs::actions_help())]
pub(in crate::cli) struct Act {
    /// What it is, such as `instance`.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// The gateway's id of it, or its name.
    #[arg(value_name = "ID-or-NAME")]
    wanted: String,
    /// What is done, such as `stop`; `--help` names all actions.
    #[arg(value_parser = verbs::parse)]
    action: Verb,
    #[command(flatten)]
    change: Change,
}

#[derive(Debug, Args)]
struct Change {
    #[command(flatten)]
    given: Given,
    /// Answer at once, and name the operation.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    sending: Sending,
}

impl Update {
    pub(super) fn check(&self) -> Result<(), String> {
        self.change.given.check(verbs::of(self.kind, Verb::Update)?)
    }

    pub(super) async fn run(self) -> Result<()> {
        self.change.run(self.kind, Verb::Update, &self.wanted).await
    }
}

impl Act {
    pub(super) fn check(&self) -> Result<(), String> {
        if !self.action.is_action() {
            return Err(format!("{0} is a command of its own: gateway {0}", self.action));
        }
        self.change.given.check(verbs::of(self.kind, self.action)?)
    }

    pub(super) async fn run(self) -> Result<()> {
        self.change.run(self.kind, self.action, &self.wanted).await
    }
}

impl Change {
    async fn run(self, kind: Kind, verb: Verb, wanted: &str) -> Result<()> {
        let spec = verbs::of(kind, verb).map_err(Error::invalid)?;
        let mut order = Value::Object(self.given.order(spec)?);
        let sender = self.sending.sender()?;
        let id = naming::id(&sender.gateway, kind.spec(), wanted).await?;
        naming::resolve(&sender.gateway, spec, &mut order).await?;
        let (method, path) = verbs::route(kind, verb, Some(&id));
        let key = sender.key();
        let write = Write { method, path, query: &[], body: &order, key: &key, no_wait: self.no_wait };
        let sent = sender.send(&write).await?;
        outcome::tell(&sent.answer, self.shape.form(), None).map(drop)
    }
}
