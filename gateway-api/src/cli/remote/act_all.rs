//! `gateway act-all`: one action on all that a filter finds.

use clap::Args;
use gateway_core::Kind;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Verb;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::Write;
use super::given::Given;
use super::narrowing::Narrowing;
use super::sending::Sending;
use super::{Form, Shape, kinds, naming, problem, value, verbs};
use crate::cli::output;
use crate::cli::table::{Cell, Table, Tone, printable};

const HEADER: [&str; 5] = ["ID", "NAME", "STATUS", "OPERATION", "PROBLEM"];

#[derive(Debug, Args)]
#[command(after_long_help = verbs::actions_help())]
pub(in crate::cli) struct ActAll {
    /// What they are: `instances`.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// What is done, such as `stop` or `delete`; `--help` names all actions.
    #[arg(value_parser = verbs::parse)]
    action: Verb,
    #[command(flatten)]
    narrowing: Narrowing,
    /// How many the filter finds: when it finds more or fewer, nothing is done.
    #[arg(long, value_name = "N")]
    expect: u32,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    sending: Sending,
}

/// What became of them.
#[derive(Debug, Deserialize)]
struct Outcome {
    matched: usize,
    failed: usize,
    items: Vec<Value>,
}

impl ActAll {
    pub(super) fn check(&self) -> Result<(), String> {
        if [Verb::Create, Verb::Update].contains(&self.action) {
            return Err(format!("{} is for one at a time", self.action));
        }
        self.narrowing.check(self.kind)?;
        self.given.check(verbs::of(self.kind, self.action)?)
    }

    pub(super) async fn run(self) -> Result<()> {
        let spec = verbs::of(self.kind, self.action).map_err(Error::invalid)?;
        let mut order = Value::Object(self.given.order(spec)?);
        let sender = self.sending.sender()?;
        naming::resolve(&sender.gateway, spec, &mut order).await?;
        let query = self.narrowing.query();
        let query: Vec<_> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let path = format!("{}/actions/{}", self.kind.spec().plural, self.action);
        let body = json!({ "expect": self.expect, "dry_run": self.dry_run, "command": order });
        let key = sender.key();
        let write =
            Write { method: Method::POST, path, query: &query, body: &body, key: &key, no_wait: false };
        let sent = sender.any(&write).await?;
        if !sent.answer.status.is_success() {
            let mut lines = vec![format!("key: {key}")];
            match problem::word(&sent.answer.body).as_str() {
                // What was done already may be found by the filter no more.
                "count-mismatch" if sent.tries > 1 => {
                    lines.push("an earlier try may have done it: `gateway operations` tells".to_owned());
                }
                "no-such-path" => {
                    lines.push(format!(
                        "this gateway does not {} several {} at once",
                        self.action,
                        self.kind.spec().plural
                    ));
                }
                _ => {}
            }
            return Err(sent.answer.refusal(&lines));
        }
        let outcome: Outcome = sent.answer.read()?;
        match self.shape.form() {
            Form::Json => output::data(&format!("{}\n", sent.answer.body))?,
            Form::Table => output::data(&format!("{}\n", table(&outcome.items)))?,
        };
        if self.dry_run {
            output::note("a dry run: nothing was done");
        }
        match outcome.failed {
            0 => Ok(()),
            failed => {
                let text = format!("{failed} of {} were refused, or are not over yet", outcome.matched);
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
        let told = match (problem["title"].as_str(), problem["detail"].as_str()) {
            (Some(title), Some(detail)) if !detail.is_empty() => printable(&format!("{title}: {detail}")),
            (Some(title), _) => printable(title),
            _ => value::NOTHING.to_owned(),
        };
        let tone = if problem.is_object() { Tone::Bad } else { Tone::Plain };
        let told = Cell { text: told, tone };
        table.row([id, name, status, operation].map(Cell::from).into_iter().chain([told]));
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_row_with_its_operation_or_its_problem() {
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
