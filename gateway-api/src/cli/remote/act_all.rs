//! `gateway act-all`: one action on every resource that a filter matches.

use clap::Args;
use gateway_client::{Method, Problem};
use gateway_core::Kind;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Verb;
use serde::Deserialize;
use serde_json::{Value, json};

use super::command::CommandArguments;
use super::filter::Filter;
use super::sending::{Sending, Write};
use super::{Form, Shape, kinds, naming, problem, value, verbs};
use crate::cli::output;
use crate::cli::table::{Cell, Table, Tone, printable};

const HEADER: [&str; 5] = ["ID", "NAME", "STATUS", "OPERATION", "PROBLEM"];

#[derive(Debug, Args)]
#[command(after_long_help = verbs::bulk_help())]
pub(in crate::cli) struct ActAll {
    /// Kind of the resources, such as `instances`.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// Action, such as `stop` or `delete`; `--help` names all.
    #[arg(value_parser = verbs::parse)]
    action: Verb,
    #[command(flatten)]
    filter: Filter,
    /// Do nothing unless the filter matches exactly this many.
    #[arg(long, value_name = "N")]
    expect: u32,
    /// Print what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    command: CommandArguments,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    sending: Sending,
}

/// The result for all resources.
#[derive(Debug, Deserialize)]
struct Outcome {
    matched: usize,
    failed: usize,
    items: Vec<Value>,
}

impl ActAll {
    pub(super) fn check(&self) -> Result<(), String> {
        let spec = verbs::of(self.kind, self.action)?;
        if !spec.bulk {
            return Err(format!(
                "`{}` acts on a single `{}`; `--help` names the actions on many",
                self.action, self.kind
            ));
        }
        self.filter.check(self.kind)?;
        self.command.check(spec)
    }

    pub(super) async fn run(self) -> Result<()> {
        let spec = verbs::of(self.kind, self.action).map_err(Error::invalid)?;
        let mut command = Value::Object(self.command.body(spec)?);
        let sender = self.sending.sender()?;
        naming::resolve(&sender.client, spec, &mut command).await?;
        let query = self.filter.query();
        let query: Vec<_> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let path = format!("{}/actions/{}", self.kind.spec().plural, self.action);
        let body = json!({ "expect": self.expect, "dry_run": self.dry_run, "command": command });
        let key = sender.key();
        let write =
            Write { method: Method::POST, path, query: &query, body: &body, key: &key, no_wait: false };
        let sent = sender.send_any(&write).await?;
        if !sent.answer.status.is_success() {
            let mut lines = vec![format!("key: {key}")];
            let refusal = sent.answer.refusal();
            match refusal.problem.as_deref().map_or("", Problem::word) {
                // The filter may no longer match what an earlier attempt has changed.
                "count-mismatch" if sent.attempts > 1 => {
                    lines.push("an earlier attempt may have done it; see `gateway operations`".to_owned());
                }
                "no-such-path" => {
                    lines.push(format!(
                        "this gateway cannot {} several {} in one request",
                        self.action,
                        self.kind.spec().plural
                    ));
                }
                _ => {}
            }
            return Err(problem::refused(&refusal, &lines));
        }
        let outcome: Outcome = sent.answer.read()?;
        match self.shape.form() {
            Form::Json => output::data(&format!("{}\n", sent.answer.body))?,
            Form::Table => output::data(&format!("{}\n", table(&outcome.items)))?,
        };
        if self.dry_run {
            output::note("this was a dry run; nothing was done");
        }
        match outcome.failed {
            0 => Ok(()),
            failed => {
                let text = format!("{failed} of {} were refused or have not ended yet", outcome.matched);
                Err(Error::new(ErrorKind::Conflict, text).with("key", key))
            }
        }
    }
}

fn table(items: &[Value]) -> String {
    let mut table = Table::of_lines(&HEADER, 4);
    for item in items {
        let [id, name, status] = ["id", "name", "status"].map(|member| value::text(&item[member]));
        let operation = value::text(&item["operation"]["id"]);
        let problem = &item["problem"];
        let text = match (problem["title"].as_str(), problem["detail"].as_str()) {
            (Some(title), Some(detail)) if !detail.is_empty() => printable(&format!("{title}: {detail}")),
            (Some(title), _) => printable(title),
            _ => value::NOTHING.to_owned(),
        };
        let tone = if problem.is_object() { Tone::Bad } else { Tone::Plain };
        let problem = Cell { text, tone };
        table.row([id, name, status, operation].map(Cell::from).into_iter().chain([problem]));
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_resource_is_a_row_with_its_operation_or_problem() {
        let text = table(&[
            json!({ "id": "1", "name": "a", "status": 200, "operation": { "id": "op" }, "problem": null }),
            json!({ "id": "2", "name": "b", "status": 409, "operation": null,
                    "problem": { "title": "Not now", "detail": "it is\nstopped" } }),
            json!({ "id": "3", "name": "c", "status": null, "operation": null, "problem": null }),
        ]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[1].starts_with("1   a     200     op"), "{text}");
        assert!(lines[2].ends_with("Not now: it is\\nstopped"), "{text}");
        assert_eq!(lines[3].split_whitespace().collect::<Vec<_>>(), ["3", "c", "-", "-", "-"]);
    }
}
