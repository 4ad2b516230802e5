//! `gateway create`: creates a resource or several.

use std::path::PathBuf;

use clap::Args;
use gateway_core::Kind;
use gateway_core::error::{Error, Result};
use gateway_core::kind::Verb;
use serde_json::{Map, Value};

use super::command::CommandArguments;
use super::key_file::KeyFile;
use super::sending::{Sending, Write};
use super::{Shape, kinds, naming, outcome, verbs};
use crate::cli::output;

#[derive(Debug, Args)]
#[command(after_long_help = verbs::fields_help(Verb::Create))]
pub(in crate::cli) struct Create {
    /// Kind to create, such as `instance`; `--help` names all kinds.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// Create at this cloud. Required only if the login has accounts at several clouds.
    #[arg(long)]
    cloud: Option<String>,
    /// Create in this region. Required only if the account can use several.
    #[arg(long)]
    region: Option<String>,
    /// Create for the account with this id. Required only if the login has several accounts.
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    command: CommandArguments,
    /// Print the operation without waiting for its outcome.
    #[arg(long)]
    no_wait: bool,
    /// Write the private key of a new key pair to this new file, readable for its owner alone. Without the option the
    /// key is the only output on standard output, or a field of the answer with --json.
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
            return Err(format!("`{}` has no private key; `--private-key` requires a key pair", self.kind));
        }
        self.command.check(spec)
    }

    pub(super) async fn run(self) -> Result<()> {
        let spec = verbs::of(self.kind, Verb::Create).map_err(Error::invalid)?;
        let mut command = self.command.body(spec)?;
        add_scope(&mut command, [("cloud", self.cloud), ("region", self.region), ("account", self.account)])?;
        let makes_pair = spec.makes_key_pair(&command);
        if makes_pair && self.no_wait {
            return Err(Error::invalid(
                "`--no-wait` would lose the private key, which only the answer contains; leave it out",
            ));
        }
        let sender = self.sending.sender()?;
        let mut command = Value::Object(command);
        naming::resolve(&sender.client, spec, &mut command).await?;
        let file = self.private_key.as_deref().map(KeyFile::reserve).transpose()?;
        let (method, path) = verbs::route(self.kind, Verb::Create, None);
        let key = sender.key();
        let write = Write { method, path, query: &[], body: &command, key: &key, no_wait: self.no_wait };
        let sent = sender.send(&write).await?;
        let has_key = outcome::print(&sent.answer, self.shape.form(), file)?;
        if makes_pair && !has_key {
            output::note("the answer with the private key was lost; delete this key and create another");
        }
        Ok(())
    }
}

/// Adds cloud, region and account.
fn add_scope(command: &mut Map<String, Value>, scope: [(&str, Option<String>); 3]) -> Result<()> {
    for (name, text) in scope {
        let Some(text) = text else { continue };
        if command.insert(name.to_owned(), text.into()).is_some() {
            return Err(Error::invalid(format!("`{name}` is given twice: in the command and as `--{name}`")));
        }
    }
    Ok(())
}
