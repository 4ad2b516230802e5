//! `gateway create`.

use std::path::PathBuf;

use clap::Args;
use gateway_core::Kind;
use gateway_core::error::{Error, Result};
use gateway_core::kind::Verb;
use serde_json::{Map, Value};

use super::api::Write;
use super::given::Given;
use super::key_file::KeyFile;
use super::sending::Sending;
use super::{Shape, kinds, naming, outcome, verbs};
use crate::cli::output;

#[derive(Debug, Args)]
#[command(after_long_help = verbs::members_help(Verb::Create))]
pub(in crate::cli) struct Create {
    /// What to make, such as `instance`; `--help` names all kinds.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// At the cloud of this name, where accounts of several are proven.
    #[arg(long)]
    cloud: Option<String>,
    /// In this region, where the account can use several.
    #[arg(long)]
    region: Option<String>,
    /// For this account, by the gateway's id, where several are proven.
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    given: Given,
    /// Answer at once, and name the operation.
    #[arg(long)]
    no_wait: bool,
    /// Where to keep the private key of a key pair that the cloud makes: a new file, for its owner alone. Without it
    /// the key is all that is written to standard output; --json has it in the answer.
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    sending: Sending,
}

impl Create {
    pub(super) fn check(&self) -> Result<(), String> {
        let spec = verbs::of(self.kind, Verb::Create)?;
        if self.private_key.is_some() && spec.key_pair_unless.is_none() {
            return Err(format!("{} has no private key; --private-key is for key pairs", self.kind));
        }
        self.given.check(spec)
    }

    pub(super) async fn run(self) -> Result<()> {
        let spec = verbs::of(self.kind, Verb::Create).map_err(Error::invalid)?;
        let mut order = self.given.order(spec)?;
        place(&mut order, [("cloud", self.cloud), ("region", self.region), ("account", self.account)])?;
        let makes_pair = spec.makes_key_pair(&order);
        if makes_pair && self.no_wait {
            return Err(Error::invalid("--no-wait would lose the private key: it is in the answer alone"));
        }
        let sender = self.sending.sender()?;
        let mut order = Value::Object(order);
        naming::resolve(&sender.gateway, spec, &mut order).await?;
        let file = self.private_key.as_deref().map(KeyFile::reserve).transpose()?;
        let (method, path) = verbs::route(self.kind, Verb::Create, None);
        let key = sender.key();
        let write = Write { method, path, query: &[], body: &order, key: &key, no_wait: self.no_wait };
        let sent = sender.send(&write).await?;
        let has_key = outcome::tell(&sent.answer, self.shape.form(), file)?;
        if makes_pair && !has_key {
            output::note(
                "its private key went with an answer that was lost, and nobody has it: delete this key and make another",
            );
        }
        Ok(())
    }
}

/// Adds where it is to be made.
fn place(order: &mut Map<String, Value>, place: [(&str, Option<String>); 3]) -> Result<()> {
    for (name, text) in place {
        let Some(text) = text else { continue };
        if order.insert(name.to_owned(), text.into()).is_some() {
            return Err(Error::invalid(format!("{name} is given twice: in the order, and as --{name}")));
        }
    }
    Ok(())
}
