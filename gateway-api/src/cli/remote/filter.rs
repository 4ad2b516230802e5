//! Filters of a listing and of an action on several resources.

use clap::Args;
use gateway_core::Kind;

use super::kinds;

#[derive(Debug, Args)]
pub(super) struct Filter {
    /// Select resources of this cloud.
    #[arg(long)]
    cloud: Option<String>,
    /// Select resources of this region.
    #[arg(long)]
    region: Option<String>,
    /// Select resources of the account with this id, or those that a cloud publishes with `global`.
    #[arg(long)]
    account: Option<String>,
    /// Select resources in this state.
    #[arg(long)]
    state: Option<String>,
    /// Select resources with exactly this name.
    #[arg(long)]
    name: Option<String>,
    /// Select resources with this text in their name, in upper or lower case.
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// Select resources with this tag; can be repeated.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    tags: Vec<(String, String)>,
    /// Select resources by a filter of the kind; `gateway list --help` names all; can be repeated.
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = pair)]
    filters: Vec<(String, String)>,
}

/// Filters of all kinds. Each has its own option and also works as `--filter`.
const OF_ALL: [&str; 6] = ["cloud", "region", "account", "state", "name", "q"];

impl Filter {
    /// Checks that the kind has the filters.
    pub(super) fn check(&self, kind: Kind) -> Result<(), String> {
        let known: Vec<_> = kinds::filters(kind.spec()).collect();
        let is_known =
            |name: &str| known.contains(&name) || OF_ALL.contains(&name) || name.starts_with("tag.");
        match self.filters.iter().find(|(name, _)| !is_known(name)) {
            None => Ok(()),
            Some((name, _)) if known.is_empty() => {
                Err(format!("`{name}` is not a filter of `{kind}`, which has none of its own"))
            }
            Some((name, _)) => {
                Err(format!("`{name}` is not a filter of `{kind}`; use one of {}", known.join(", ")))
            }
        }
    }

    /// Returns the query parameters of the API.
    pub(super) fn query(&self) -> Vec<(String, String)> {
        let values = [&self.cloud, &self.region, &self.account, &self.state, &self.name, &self.q];
        let own = OF_ALL.iter().zip(values);
        let given = own.filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)));
        let tags = self.tags.iter().map(|(key, value)| (format!("tag.{key}"), value.clone()));
        given.chain(tags).chain(self.filters.iter().cloned()).collect()
    }
}

/// Reads `NAME=VALUE`. The value may be empty and may contain further `=`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must have the form NAME=VALUE".to_owned()),
    }
}
