//! `gateway operations`: lists operations, the newest first.

use clap::Args;
use gateway_core::error::Result;
use serde::Deserialize;
use serde_json::Value;

use super::access::Access;
use super::rows::Rows;
use super::{Shape, problem, value};
use crate::cli::output;
use crate::cli::table::{Cell, Table, Tone};

/// Operations that are shown by default.
const DEFAULT_LIMIT: usize = 50;

/// Most operations on one page of the API.
const LONGEST: usize = 500;

const HEADER: [&str; 8] = ["ID", "STATE", "VERB", "KIND", "RESOURCE", "CLOUD", "STATUS", "ACCEPTED_AT"];

#[derive(Debug, Args)]
pub(in crate::cli) struct Operations {
    /// List only operations in this state: `accepted`, `running`, `succeeded`, `failed` or `unknown`.
    #[arg(long)]
    state: Option<String>,
    /// List all instead of the newest 50.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Value>,
    next: Option<String>,
}

impl Operations {
    pub(super) async fn run(self) -> Result<()> {
        let form = self.shape.form();
        let client = self.access.client()?;
        let (mut rows, mut next) = (Rows::new(form), None::<String>);
        loop {
            let limit = if self.all { LONGEST } else { DEFAULT_LIMIT }.to_string();
            let mut query = vec![("limit", limit.as_str())];
            query.extend(self.state.as_deref().map(|state| ("state", state)));
            query.extend(next.as_deref().map(|cursor| ("cursor", cursor)));
            let page: Page = client.read("operations", &query).await.map_err(problem::error)?;
            next = page.next;
            if !rows.add(page.items)? || next.is_none() || !self.all {
                break;
            }
        }
        rows.end(|items| table(items.iter()))?;
        if next.is_some() {
            output::note("there are more; --all shows them");
        }
        Ok(())
    }
}

/// Returns a table with a row for each operation.
pub(super) fn table<'a>(items: impl Iterator<Item = &'a Value>) -> String {
    let mut table = Table::of_lines(&HEADER, 5);
    for item in items {
        let resource = match &item["resource"] {
            Value::Null => value::text(&value::at(&item["resources"], "id")),
            id => value::text(id),
        };
        let [id, state, verb, kind, cloud, status] =
            ["id", "state", "verb", "kind", "cloud", "status"].map(|name| value::text(&item[name]));
        let at = value::moment(item["accepted_at"].as_str().unwrap_or(value::NOTHING));
        let tone = tone(&state);
        let mut cells = [id, state, verb, kind, resource, cloud, status, at].map(Cell::from);
        cells[1].tone = tone;
        table.row(cells);
    }
    table.text()
}

/// Returns the tone of a state.
fn tone(state: &str) -> Tone {
    match state {
        "failed" | "unknown" => Tone::Bad,
        "accepted" | "running" => Tone::Moving,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operation_is_a_row_with_its_resources() {
        let made = json!({ "id": "1", "state": "succeeded", "verb": "create", "kind": "instance", "resource": null,
                           "resources": [{ "id": "7" }, { "id": "8" }], "cloud": "lab", "status": 201,
                           "accepted_at": "2026-01-02T03:04:05.678901Z" });
        let failed = json!({ "id": "2", "state": "failed", "verb": "stop", "kind": "instance", "resource": "7",
                             "resources": [], "cloud": null, "status": 403 });
        let text = table([&made, &failed].into_iter());
        let rows: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0], HEADER);
        assert_eq!(
            rows[1],
            ["1", "succeeded", "create", "instance", "7,8", "lab", "201", "2026-01-02T03:04:05Z"]
        );
        assert_eq!(rows[2], ["2", "failed", "stop", "instance", "7", "-", "403", "-"]);
    }
}
