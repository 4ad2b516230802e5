//! `gateway delete`.

use clap::Args;
use gateway_core::Kind;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Verb;
use serde_json::json;

use super::api::Write;
use super::sending::{Sender, Sending};
use super::{Form, Shape, kinds, naming, outcome, verbs};
use crate::cli::output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Delete {
    /// What they are, such as `instance`.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// The gateway's ids of them, or their names. One after the other: one that is refused leaves the others be.
    #[arg(value_name = "ID-or-NAME", required = true)]
    wanted: Vec<String>,
    /// Answer at once, and name the operations.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    sending: Sending,
}

impl Delete {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.sending.key.is_some() && self.wanted.len() > 1 {
            return Err("--key is for one at a time: each delete has a key of its own".to_owned());
        }
        verbs::of(self.kind, Verb::Delete).map(drop)
    }

    pub(super) async fn run(self) -> Result<()> {
        let (kind, form) = (self.kind, self.shape.form());
        let sender = self.sending.sender()?;
        if let [wanted] = self.wanted.as_slice() {
            return one(&sender, kind, wanted, self.no_wait, form).await;
        }
        let mut refused = 0;
        for wanted in &self.wanted {
            if let Err(error) = one(&sender, kind, wanted, self.no_wait, form).await {
                output::error(&error);
                refused += 1;
            }
        }
        match refused {
            0 => Ok(()),
            refused => {
                let text = format!("{refused} of {} were not deleted", self.wanted.len());
                Err(Error::new(ErrorKind::Conflict, text))
            }
        }
    }
}

async fn one(sender: &Sender, kind: Kind, wanted: &str, no_wait: bool, form: Form) -> Result<()> {
    let id = naming::id(&sender.gateway, kind.spec(), wanted).await?;
    let (method, path) = verbs::route(kind, Verb::Delete, Some(&id));
    let (body, key) = (json!({}), sender.key());
    let write = Write { method, path, query: &[], body: &body, key: &key, no_wait };
    let sent = sender.send(&write).await?;
    outcome::tell(&sent.answer, form, None).map(drop)
}
