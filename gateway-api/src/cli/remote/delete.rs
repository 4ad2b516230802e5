//! `gateway delete`: deletes resources one after the other.

use clap::Args;
use gateway_core::Kind;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Verb;
use serde_json::json;

use super::sending::{Sender, Sending, Write};
use super::{Form, Shape, kinds, naming, outcome, verbs};
use crate::cli::output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Delete {
    /// Kind, such as `instance`.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// Ids in the gateway, or names. A refusal of one does not stop the others.
    #[arg(value_name = "ID-or-NAME", required = true)]
    resources: Vec<String>,
    /// Print the operations without waiting for their outcome.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    sending: Sending,
}

impl Delete {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.sending.key.is_some() && self.resources.len() > 1 {
            return Err("`--key` requires a single resource, because each delete has its own key".to_owned());
        }
        verbs::of(self.kind, Verb::Delete).map(drop)
    }

    pub(super) async fn run(self) -> Result<()> {
        let (kind, form) = (self.kind, self.shape.form());
        let sender = self.sending.sender()?;
        if let [resource] = self.resources.as_slice() {
            return one(&sender, kind, resource, self.no_wait, form).await;
        }
        let mut refused = 0;
        for resource in &self.resources {
            if let Err(error) = one(&sender, kind, resource, self.no_wait, form).await {
                output::error(&error);
                refused += 1;
            }
        }
        match refused {
            0 => Ok(()),
            refused => {
                let text = format!("{refused} of {} were not deleted", self.resources.len());
                Err(Error::new(ErrorKind::Conflict, text))
            }
        }
    }
}

async fn one(sender: &Sender, kind: Kind, resource: &str, no_wait: bool, form: Form) -> Result<()> {
    let id = naming::id(&sender.client, kind.spec(), resource).await?;
    let (method, path) = verbs::route(kind, Verb::Delete, Some(&id));
    let (body, key) = (json!({}), sender.key());
    let write = Write { method, path, query: &[], body: &body, key: &key, no_wait };
    let sent = sender.send(&write).await?;
    outcome::print(&sent.answer, form, None).map(drop)
}
