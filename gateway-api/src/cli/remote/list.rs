//! `gateway list`.

use clap::{Args, ValueEnum};
use gateway_core::Kind;
use gateway_core::error::{Error, Result};
use serde_json::Value;
use serde_json::value::RawValue;

use super::access::Access;
use super::columns::Columns;
use super::kinds;
use super::pages::Pages;
use crate::cli::output;
use crate::cli::table::Table;

/// Records shown when nothing is said.
const USUAL: usize = 50;

#[derive(Debug, Args)]
#[command(after_long_help = kinds::help())]
pub(in crate::cli) struct List {
    /// What to list, such as `instance` or `instances`; `--help` names all kinds.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    /// Only of the cloud of this name.
    #[arg(long)]
    cloud: Option<String>,
    /// Only of this region.
    #[arg(long)]
    region: Option<String>,
    /// Only of this account, by the gateway's id; or `global`, what a cloud publishes to all.
    #[arg(long)]
    account: Option<String>,
    /// Only in this state.
    #[arg(long)]
    state: Option<String>,
    /// Only of exactly this name.
    #[arg(long)]
    name: Option<String>,
    /// Only with this text in the name, upper and lower case alike.
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// Only with this tag; may be given several times.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    tags: Vec<(String, String)>,
    /// Only with this value of one of the kind's own filters, which `--help` names; may be given several times.
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = pair)]
    filters: Vec<(String, String)>,
    /// In the order of `name`, `created_at` or `changed_at`; with `-` in front in reverse.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    sort: Option<String>,
    /// At most so many [default: 50].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// All there are.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Have what is older than this listed anew first: a number and `s`, `m` or `ms`, such as `5s`.
    #[arg(long, value_name = "AGE")]
    max_age: Option<String>,
    /// A table, a JSON array of whole records, or ids alone, one a line.
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
    #[command(flatten)]
    access: Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Table,
    Json,
    Ids,
}

impl List {
    pub(super) fn check(&self) -> Result<(), String> {
        let known: Vec<_> = kinds::filters(self.kind.spec()).collect();
        match self.filters.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) if known.is_empty() => {
                Err(format!("there is no filter {name:?}: {} has none of its own", self.kind))
            }
            Some((name, _)) => {
                Err(format!("there is no filter {name:?} of {}; there are {}", self.kind, known.join(", ")))
            }
        }
    }

    pub(super) async fn run(mut self) -> Result<()> {
        let spec = self.kind.spec();
        let columns = Columns::of(spec);
        let (form, most) = (self.output, self.most());
        let (query, max_age) = (self.query(&columns), self.max_age.take());
        let gateway = self.access.gateway()?;
        let mut pages = Pages::new(&gateway, spec.plural, query, max_age, most);
        match form {
            Form::Table => table(&mut pages, &columns).await?,
            Form::Json => json(&mut pages).await?,
            Form::Ids => ids(&mut pages).await?,
        }
        pages.freshness.tell(spec.plural);
        if pages.has_more() {
            output::note("there are more: --all shows them");
        }
        Ok(())
    }

    fn most(&self) -> usize {
        match self.limit {
            Some(limit) => limit as usize,
            None if self.all => usize::MAX,
            None => USUAL,
        }
    }

    fn query(&self, columns: &Columns) -> Vec<(String, String)> {
        let own = [
            ("cloud", &self.cloud),
            ("region", &self.region),
            ("account", &self.account),
            ("state", &self.state),
            ("name", &self.name),
            ("q", &self.q),
            ("sort", &self.sort),
        ];
        let given = own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        let tags = self.tags.iter().map(|(key, value)| (format!("tag.{key}"), value.clone()));
        let fields = match self.output {
            Form::Table => Some(columns.fields()),
            Form::Json => None,
            Form::Ids => Some("id".to_owned()),
        };
        let fields = fields.map(|fields| ("fields".to_owned(), fields));
        given.chain(tags).chain(self.filters.iter().cloned()).chain(fields).collect()
    }
}

/// Widths are those of all rows, so that the table is printed when they are there.
async fn table(pages: &mut Pages<'_>, columns: &Columns) -> Result<()> {
    let mut table = Table::of_lines(&columns.header(), columns.of_all);
    while let Some(page) = pages.next().await? {
        for item in &page.items {
            table.row(columns.row(&parsed(item)?));
        }
    }
    output::data(&format!("{}\n", table.text())).map(drop)
}

/// One array, written page by page: each record is on its own line, as it came.
async fn json(pages: &mut Pages<'_>) -> Result<()> {
    let mut between = "[\n";
    while let Some(page) = pages.next().await? {
        let mut text = String::new();
        for item in &page.items {
            text.push_str(between);
            text.push_str(item.get());
            between = ",\n";
        }
        if !output::data(&text)? {
            return Ok(());
        }
    }
    output::data(if between == "[\n" { "[]\n" } else { "\n]\n" }).map(drop)
}

async fn ids(pages: &mut Pages<'_>) -> Result<()> {
    while let Some(page) = pages.next().await? {
        let mut text = String::new();
        for item in &page.items {
            text.push_str(parsed(item)?["id"].as_str().unwrap_or_default());
            text.push('\n');
        }
        if !output::data(&text)? {
            return Ok(());
        }
    }
    Ok(())
}

fn parsed(item: &RawValue) -> Result<Value> {
    serde_json::from_str(item.get()).map_err(Error::internal)
}

/// `NAME=VALUE`; the value may be empty, and may hold further signs.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must have the form NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        list: List,
    }

    fn list(arguments: &str) -> Result<List, String> {
        let words = std::iter::once("list").chain(arguments.split_whitespace());
        Line::try_parse_from(words).map(|line| line.list).map_err(|error| error.to_string())
    }

    #[test]
    fn arguments_become_the_query() {
        let list = list(
            "volumes --cloud lab --q data --tag env=a=b --tag empty= --filter bootable=true --sort -name -o json",
        )
        .unwrap();
        list.check().unwrap();
        let query: Vec<_> = list
            .query(&Columns::of(list.kind.spec()))
            .into_iter()
            .map(|(name, value)| format!("{name}:{value}"))
            .collect();
        assert_eq!(
            query,
            ["cloud:lab", "q:data", "sort:-name", "tag.env:a=b", "tag.empty:", "bootable:true"]
        );
        assert_eq!(list.most(), USUAL);
    }

    #[test]
    fn a_table_asks_for_what_it_shows_and_no_more() {
        let fields = |arguments| {
            let list = list(arguments).unwrap();
            list.query(&Columns::of(list.kind.spec())).into_iter().find(|(name, _)| name == "fields")
        };
        assert_eq!(fields("quota -o ids").unwrap().1, "id");
        assert!(fields("quota").unwrap().1.contains("measure"));
        assert_eq!(fields("quota -o json"), None);
    }

    #[test]
    fn limits_are_counts_or_all() {
        assert_eq!(list("image --limit 1500").unwrap().most(), 1500);
        assert_eq!(list("image --all").unwrap().most(), usize::MAX);
        for wrong in ["image --limit 0", "image --limit 1 --all", "image --tag env", "image --filter =x"] {
            assert!(list(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_filter_of_another_kind_is_refused_with_those_that_there_are() {
        let error = list("volume --filter vcpus=2").unwrap().check().unwrap_err();
        assert!(error.contains("volume_type, datacenter, bootable"), "{error}");
    }
}
