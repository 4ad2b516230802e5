//! What narrows a listing, and what is done to all that a filter finds.

use clap::Args;
use gateway_core::Kind;

use super::kinds;

#[derive(Debug, Args)]
pub(super) struct Narrowing {
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
    /// Only with this value of one of the kind's own filters, which `gateway list --help` names; may be given several
    /// times.
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = pair)]
    filters: Vec<(String, String)>,
}

/// What has an option of its own, and may be given as a filter all the same.
const OF_ALL: [&str; 6] = ["cloud", "region", "account", "state", "name", "q"];

impl Narrowing {
    /// Refuses filters that the kind does not have.
    pub(super) fn check(&self, kind: Kind) -> Result<(), String> {
        let known: Vec<_> = kinds::filters(kind.spec()).collect();
        let is_known =
            |name: &str| known.contains(&name) || OF_ALL.contains(&name) || name.starts_with("tag.");
        match self.filters.iter().find(|(name, _)| !is_known(name)) {
            None => Ok(()),
            Some((name, _)) if known.is_empty() => {
                Err(format!("there is no filter {name:?}: {kind} has none of its own"))
            }
            Some((name, _)) => {
                Err(format!("there is no filter {name:?} of {kind}; there are {}", known.join(", ")))
            }
        }
    }

    /// As the API takes it.
    pub(super) fn query(&self) -> Vec<(String, String)> {
        let values = [&self.cloud, &self.region, &self.account, &self.state, &self.name, &self.q];
        let own = OF_ALL.iter().zip(values);
        let given = own.filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)));
        let tags = self.tags.iter().map(|(key, value)| (format!("tag.{key}"), value.clone()));
        given.chain(tags).chain(self.filters.iter().cloned()).collect()
    }
}

/// `NAME=VALUE`; the value may be empty, and may hold further signs.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must have the form NAME=VALUE".to_owned()),
    }
}
