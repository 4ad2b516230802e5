//! `gateway list`: prints the records of one kind.

use clap::{Args, ValueEnum};
use gateway_core::Kind;
use gateway_core::error::{Error, Result};
use serde_json::Value;
use serde_json::value::RawValue;

use super::access::Access;
use super::columns::Columns;
use super::filter::Filter;
use super::kinds;
use super::listing::Listing;
use crate::cli::output;
use crate::cli::table::Table;

/// Records that are shown by default.
const DEFAULT_LIMIT: usize = 50;

#[derive(Debug, Args)]
#[command(after_long_help = kinds::help())]
pub(in crate::cli) struct List {
    /// Kind to list, such as `instance` or `instances`; `--help` names all kinds.
    #[arg(value_parser = kinds::parse)]
    kind: Kind,
    #[command(flatten)]
    filter: Filter,
    /// Sort by `name`, `created_at` or `changed_at`; a leading `-` reverses the order.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    sort: Option<String>,
    /// List at most this many [default: 50].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// List all.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Refresh data that is older than this first: a number and `s`, `m` or `ms`, such as `5s`.
    #[arg(long, value_name = "AGE")]
    max_age: Option<String>,
    /// Print a table, a JSON array of whole records, or one id per line.
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
        self.filter.check(self.kind)
    }

    pub(super) async fn run(mut self) -> Result<()> {
        let spec = self.kind.spec();
        let columns = Columns::of(spec);
        let (form, limit) = (self.output, self.limit());
        let (query, max_age) = (self.query(&columns), self.max_age.take());
        let client = self.access.client()?;
        let mut listing = Listing::new(&client, spec.plural, query, max_age, limit);
        match form {
            Form::Table => table(&mut listing, &columns).await?,
            Form::Json => json(&mut listing).await?,
            Form::Ids => ids(&mut listing).await?,
        }
        listing.print_freshness(spec.plural).await?;
        if listing.has_more() {
            output::note("there are more; --all shows them");
        }
        Ok(())
    }

    fn limit(&self) -> usize {
        match self.limit {
            Some(limit) => limit as usize,
            None if self.all => usize::MAX,
            None => DEFAULT_LIMIT,
        }
    }

    fn query(&self, columns: &Columns) -> Vec<(String, String)> {
        let sort = self.sort.iter().map(|key| ("sort".to_owned(), key.clone()));
        let fields = match self.output {
            Form::Table => Some(columns.fields()),
            Form::Json => None,
            Form::Ids => Some("id".to_owned()),
        };
        let fields = fields.map(|fields| ("fields".to_owned(), fields));
        self.filter.query().into_iter().chain(sort).chain(fields).collect()
    }
}

/// Prints a table after the last page, because each width depends on all rows.
async fn table(listing: &mut Listing<'_>, columns: &Columns) -> Result<()> {
    let mut table = Table::of_lines(&columns.header(), columns.of_all);
    while let Some(page) = listing.next().await? {
        for item in &page.items {
            table.row(columns.row(&parsed(item)?));
        }
    }
    output::data(&format!("{}\n", table.text())).map(drop)
}

/// Prints an array page by page, with each record on its own line as it came.
async fn json(listing: &mut Listing<'_>) -> Result<()> {
    let mut between = "[\n";
    while let Some(page) = listing.next().await? {
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

async fn ids(listing: &mut Listing<'_>) -> Result<()> {
    while let Some(page) = listing.next().await? {
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
            ["cloud:lab", "q:data", "tag.env:a=b", "tag.empty:", "bootable:true", "sort:-name"]
        );
        assert_eq!(list.limit(), DEFAULT_LIMIT);
    }

    #[test]
    fn table_requests_only_the_fields_that_it_shows() {
        let fields = |arguments| {
            let list = list(arguments).unwrap();
            list.query(&Columns::of(list.kind.spec())).into_iter().find(|(name, _)| name == "fields")
        };
        assert_eq!(fields("quota -o ids").unwrap().1, "id");
        assert!(fields("quota").unwrap().1.contains("measure"));
        assert_eq!(fields("quota -o json"), None);
    }

    #[test]
    fn limit_is_a_count_or_all() {
        assert_eq!(list("image --limit 1500").unwrap().limit(), 1500);
        assert_eq!(list("image --all").unwrap().limit(), usize::MAX);
        for wrong in ["image --limit 0", "image --limit 1 --all", "image --tag env", "image --filter =x"] {
            assert!(list(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filter_of_another_kind_is_refused_with_the_known_ones() {
        let error = list("volume --filter vcpus=2").unwrap().check().unwrap_err();
        assert!(error.contains("volume_type, datacenter, bootable"), "{error}");
        list("volume --filter state=error --filter tag.env=prod").unwrap().check().unwrap();
    }
}
