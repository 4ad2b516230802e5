//! `cloud=`, `region=`, `account=`: which scopes a request is about.

use gateway_core::id::Holder;
use gateway_store::{Authority, VisibleTarget};
use serde_json::json;

use super::operation::Operation;
use super::scopes::Scope;
use super::{Answer, Problem};
use crate::http::query::Query;

/// The parameters.
pub(super) const PARAMETERS: [&str; 3] = ["cloud", "region", "account"];

/// The scopes that a request names.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScopeFilter<'a> {
    cloud: Option<&'a str>,
    region: Option<&'a str>,
    account: Option<&'a str>,
}

impl<'a> ScopeFilter<'a> {
    /// Refuses values that cannot match: an empty answer would read as "there are none".
    pub(super) fn read(query: &'a Query, authority: &Authority) -> Answer<Self> {
        let grants = &authority.grants;
        Ok(Self {
            cloud: known("cloud", query, |name| grants.iter().any(|grant| grant.cloud_name == name))?,
            region: known("region", query, |name| {
                grants.iter().any(|grant| grant.access.0.keys().any(|region| region.as_str() == name))
            })?,
            account: known("account", query, |id| {
                id == "global" || grants.iter().any(|grant| grant.account.id.to_string() == id)
            })?,
        })
    }

    pub(super) fn takes_target(&self, target: &VisibleTarget) -> bool {
        self.takes(&target.cloud_name, target.region.as_str(), || target.holder.to_string())
    }

    pub(super) fn takes_scope(&self, scope: &Scope) -> bool {
        self.takes(&scope.cloud, scope.region.as_str(), || scope.account.clone())
    }

    pub(super) fn takes_cloud(&self, cloud: &str) -> bool {
        self.cloud.is_none_or(|wanted| wanted == cloud)
    }

    pub(super) fn takes_account(&self, cloud: &str, holder: Holder) -> bool {
        self.takes_cloud(cloud) && self.account.is_none_or(|wanted| wanted == holder.to_string())
    }

    fn takes(&self, cloud: &str, region: &str, account: impl FnOnce() -> String) -> bool {
        self.takes_cloud(cloud)
            && self.region.is_none_or(|wanted| wanted == region)
            && self.account.is_none_or(|wanted| wanted == account())
    }
}

/// A filter's value, if it names something that the caller has.
fn known<'a>(name: &str, query: &'a Query, is_known: impl FnOnce(&str) -> bool) -> Answer<Option<&'a str>> {
    match query.get(name) {
        Some(value) if !is_known(value) => {
            let detail =
                format!("the query parameter {name} names {value:?}, which none of your accounts has");
            let problem =
                Problem::bad_request("unknown-filter-value", "A filter names what you do not have", detail);
            Err(problem.with_member("parameter", name.into()))
        }
        value => Ok(value),
    }
}

/// The parameters, as the API document has them.
pub(super) fn describe(operation: Operation) -> Operation {
    let text = || json!({ "type": "string" });
    operation
        .query("cloud", "Only of the cloud of this name", text())
        .query("region", "Only of this region", text())
        .query("account", "Only of this account, by its id; or `global`", text())
}
