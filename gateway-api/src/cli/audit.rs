//! `gateway audit`: the audit lines of a client's accounts over the API, or all lines from the store.

use std::path::Path;

use clap::Args;
use gateway_core::error::{Error, Result};
use gateway_store::AuditFilter;
use serde::Deserialize;
use serde_json::Value;

use super::output;
use super::remote::{Access, Rows, Shape, problem, value};
use super::setting::Setting;
use super::table::{Cell, Table};
use crate::http::v1::AuditDocument;

/// Most lines on one page of the API.
const PAGE: i64 = 1000;

const HEADER: [&str; 10] =
    ["SEQ", "AT", "CLIENT", "VERB", "KIND", "OUTCOME", "STATUS", "CLOUD", "RESOURCE", "OPERATION"];

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// List the lines of all clients and accounts from the store; requires the configuration of the gateway.
    #[arg(long)]
    store: bool,
    /// List only lines after this SEQ.
    #[arg(long, value_name = "SEQ", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    after: i64,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Value>,
    next: Option<i64>,
}

impl Audit {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        match self.store {
            true => {
                let setting = Setting::load(config)?;
                output::block_on(self.print_all(setting))
            }
            false => output::block_on(self.print_own()),
        }
    }

    async fn print_own(self) -> Result<()> {
        let form = self.shape.form();
        let client = self.access.client()?;
        let (mut rows, mut after) = (Rows::new(form), Some(self.after));
        while let Some(from) = after {
            let (from, limit) = (from.to_string(), PAGE.to_string());
            let query = [("after", from.as_str()), ("limit", limit.as_str())];
            let page: Page = client.read("audit", &query).await.map_err(problem::error)?;
            after = page.next;
            if !rows.add(page.items)? {
                break;
            }
        }
        rows.end(table)
    }

    async fn print_all(self, setting: Setting) -> Result<()> {
        let store = setting.migrated_store().await?;
        let (mut rows, mut after) = (Rows::new(self.shape.form()), self.after);
        loop {
            let page = store.audit_list(AuditFilter { reader: None, after, limit: PAGE }).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            let lines = page.into_iter().map(|line| serde_json::to_value(AuditDocument::from(line)));
            if !rows.add(lines.collect::<Result<_, _>>().map_err(Error::internal)?)? {
                break;
            }
        }
        rows.end(table)
    }
}

fn table(lines: &[Value]) -> String {
    let mut table = Table::of_lines(&HEADER, 7);
    for line in lines {
        let at = value::moment(line["at"].as_str().unwrap_or(value::NOTHING));
        let rest = ["principal_name", "verb", "kind", "outcome", "status", "cloud", "resource", "operation"];
        let rest = rest.map(|member| value::text(&line[member]));
        table.row([value::text(&line["seq"]), at].into_iter().chain(rest).map(Cell::from));
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn audit_line_is_a_row() {
        let text = table(&[json!({
            "seq": 7, "at": "2026-01-02T03:04:05.678901Z", "principal_name": "laptop", "verb": "stop",
            "kind": "instance", "outcome": "succeeded", "status": 200, "cloud": null, "resource": "i-1",
            "operation": "op-1",
        })]);
        let rows: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0], HEADER);
        let expected = [
            "7",
            "2026-01-02T03:04:05Z",
            "laptop",
            "stop",
            "instance",
            "succeeded",
            "200",
            "-",
            "i-1",
            "op-1",
        ];
        assert_eq!(rows[1], expected);
    }
}
