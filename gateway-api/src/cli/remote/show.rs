//! `gateway show`: prints one record.

use clap::Args;
use gateway_core::Kind;
use gateway_core::document::rendering::{ADDED, COMMON};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::KindSpec;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::Access;
use super::freshness::span;
use super::{Form, columns, kinds, links, naming, problem, value};
use crate::cli::output;
use crate::cli::table::{Cell, Table, Tone, printable};

/// Fields that the view shows in sections of their own.
const APART: [&str; 2] = ["links", "cloud_data"];

#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// Kind, such as `instance`.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// Id in the gateway, or name.
    #[arg(value_name = "ID-or-NAME")]
    resource: String,
    /// Include the cloud's own document.
    #[arg(long)]
    raw: bool,
    /// Include the resources that it refers to and those that refer to it.
    #[arg(long)]
    related: bool,
    /// Print names and values, or JSON: the record, or an object of `record` and `related` with --related.
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
    #[command(flatten)]
    access: Access,
}

/// The records of one relation.
#[derive(Debug, Deserialize)]
struct Group {
    relation: String,
    link: Option<String>,
    items: Vec<Value>,
    more: bool,
}

impl Show {
    pub(super) async fn run(self) -> Result<()> {
        let client = self.access.client()?;
        let spec = self.kind.spec();
        let id = naming::id(&client, spec, &self.resource).await?;
        let path = format!("{}/{id}", spec.plural);
        let query: &[_] = if self.raw { &[("view", "raw")] } else { &[] };
        let answer = client.get(&path, query).await.map_err(problem::error)?;
        let record: Map<String, Value> = answer.read()?;
        let related = match self.related {
            true => {
                let answer = client.read(&format!("{path}/related"), &[]).await;
                let mut document: Value = answer.map_err(problem::error)?;
                Some(document["items"].take())
            }
            false => None,
        };
        match (self.output, related) {
            (Form::Json, None) => output::data(&format!("{}\n", Value::Object(record)))?,
            (Form::Json, Some(related)) => {
                output::data(&format!("{}\n", json!({ "record": record, "related": related })))?
            }
            (Form::Table, related) => {
                let groups = related.map(serde_json::from_value::<Vec<Group>>).transpose();
                let groups = groups.map_err(|_| {
                    Error::new(
                        ErrorKind::WrongDocument,
                        "the related resources are not the expected document; update this program",
                    )
                })?;
                output::data(&view(spec, &record, groups.as_deref()))?
            }
        };
        if let Some(age) = answer.age() {
            output::note(&format!("as of {} ago", span(age)));
        }
        Ok(())
    }
}

/// Returns the record for people, with its links as commands and the related records.
fn view(spec: &KindSpec, record: &Map<String, Value>, related: Option<&[Group]>) -> String {
    let mut text = members(spec, record);
    let links = record.get("links").and_then(Value::as_object).into_iter().flatten();
    let mut shown = Table::of_members();
    for (name, link) in links.filter(|(name, _)| *name != "self") {
        let command = links::command(link.as_str().unwrap_or_default());
        shown.row([Cell::from(printable(name)), Cell::from(printable(&command))]);
    }
    text.push_str(&format!("\n\nlinks:\n{}\n", shown.text()));
    if let Some(groups) = related {
        text.push_str(&format!("\nrelated:\n{}\n", groups_text(groups)));
    }
    if let Some(raw) = record.get("cloud_data") {
        let lines: Vec<_> = format!("{raw:#}").lines().map(printable).collect();
        text.push_str(&format!("\ncloud_data:\n{}\n", lines.join("\n")));
    }
    text
}

/// Returns the fields of all kinds, then those of the kind.
fn members(spec: &KindSpec, record: &Map<String, Value>) -> String {
    let first = ADDED.iter().chain(&COMMON).copied().filter(|name| record.contains_key(*name));
    let own =
        record.keys().map(String::as_str).filter(|name| !ADDED.contains(name) && !COMMON.contains(name));
    let mut table = Table::of_members();
    for name in first.chain(own).filter(|name| !APART.contains(name)) {
        let text = match (name, &record[name]) {
            ("tags", Value::Object(tags)) => value::pairs(tags),
            (_, found) => value::lines(found),
        };
        let tone = if name == "state" { columns::tone(spec, &text) } else { Tone::Plain };
        table.row([Cell::from(printable(name)), Cell { text, tone }]);
    }
    table.text()
}

fn groups_text(groups: &[Group]) -> String {
    let mut table = Table::of_lines(&["RELATION", "KIND", "ID", "NAME", "STATE"], 5);
    let mut more = String::new();
    for group in groups {
        for item in &group.items {
            let cells = [&item["kind"], &item["id"], &item["name"], &item["state"]].map(value::text);
            table.row(std::iter::once(printable(&group.relation)).chain(cells).map(Cell::from));
        }
        if let Some(link) = group.link.as_deref().filter(|_| group.more) {
            let command = links::command(link);
            more.push_str(&printable(&format!("there are more {}: {command}", group.relation)));
            more.push('\n');
        }
    }
    format!("{}\n{more}", table.text()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn view_shows_common_fields_first_and_links_as_commands() {
        let Value::Object(record) = json!({
            "architecture": "x86_64", "id": "1", "name": "debian", "kind": "image",
            "tags": {"name": "not a reference"},
            "links": {"self": "/v1/images/1", "instances": "/v1/instances?image=1"},
            "cloud_data": {"own": "word"},
        }) else {
            unreachable!()
        };
        let text = view(Kind::parse("image").unwrap().spec(), &record, None);
        let names: Vec<_> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(
            names[..7],
            ["id", "kind", "name", "tags", "architecture", "links:", "instances"],
            "{text}"
        );
        assert!(text.contains("name=not a reference"), "{text}");
        assert!(text.contains("gateway list instances --filter image=1"), "{text}");
        assert!(text.ends_with("cloud_data:\n{\n  \"own\": \"word\"\n}\n"), "{text}");
    }

    #[test]
    fn record_is_shown_by_names_and_values() {
        let record = json!({
            "id": "00000000-0000-5000-8000-000000000001", "kind": "volume", "version": 3, "cloud": "lab",
            "region": "north", "account": "global", "external_id": "vol-1", "name": "data", "state": "in_use",
            "created_at": "2026-01-02T03:04:05.678901Z", "tags": { "env": "prod", "tier": "front" },
            "actions": ["extend"], "size_gib": 5, "bootable": false, "volume_type": null,
            "attachments": [{ "instance": { "id": "7", "name": "web-1" }, "device": "vdb" }],
            "links": { "self": "/v1/volumes/1", "related": "/v1/volumes/1/related", "instance": "/v1/instances/7" },
        });
        let spec = Kind::parse("volume").unwrap().spec();
        insta::assert_snapshot!(view(spec, record.as_object().unwrap(), None));
    }

    #[test]
    fn related_records_are_rows_and_the_rest_is_a_command() {
        let group = Group {
            relation: "instances".to_owned(),
            link: Some("/v1/instances?image=1".to_owned()),
            items: vec![json!({"kind": "instance", "id": "7", "name": "web", "state": "running"})],
            more: true,
        };
        let text = groups_text(&[group]);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].starts_with("instances  instance  7"), "{text}");
        assert_eq!(lines[2], "there are more instances: gateway list instances --filter image=1");
    }
}
