//! The scopes that a request names by cloud, region, account and kind.

use gateway_core::Kind;
use gateway_core::id::Holder;
use gateway_store::{Authority, VisibleTarget};

use super::freshness::ScopeFreshness;
use crate::app::error::{Error, Result, shortened};

/// A filter of scopes. Each member that is none matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScopeFilter {
    /// The name of a cloud.
    pub(crate) cloud: Option<String>,
    pub(crate) region: Option<String>,
    /// The id of an account, or `global`.
    pub(crate) account: Option<String>,
    pub(crate) kind: Option<Kind>,
}

impl ScopeFilter {
    /// Refuses values that the caller has no access to: an empty answer would read as "there are none".
    pub(crate) fn expect_known(&self, authority: &Authority) -> Result<()> {
        let grants = &authority.grants;
        expect("cloud", self.cloud.as_deref(), |name| grants.iter().any(|grant| grant.cloud_name == name))?;
        expect("region", self.region.as_deref(), |name| {
            grants.iter().any(|grant| grant.access.0.keys().any(|region| region.as_str() == name))
        })?;
        expect("account", self.account.as_deref(), |id| {
            id == "global" || grants.iter().any(|grant| grant.account.id.to_string() == id)
        })
    }

    /// Returns the targets of the filter, in ascending order.
    pub(crate) fn targets<'a>(&'a self, authority: &'a Authority) -> impl Iterator<Item = &'a VisibleTarget> {
        authority.targets.iter().filter(|target| {
            self.matches_kind(target.kind)
                && self.matches(&target.cloud_name, target.region.as_str(), target.holder)
        })
    }

    /// Describes the scopes of the filter that can be listed.
    pub(crate) fn listed(&self, authority: &Authority) -> Vec<ScopeFreshness> {
        self.targets(authority).map(|target| ScopeFreshness::of(target, authority.read_at)).collect()
    }

    /// Describes the scopes of the filter, including those that the caller's credentials may not list.
    pub(crate) fn scopes(&self, authority: &Authority) -> Vec<ScopeFreshness> {
        let kinds = Kind::ALL.iter().copied().filter(|kind| self.matches_kind(*kind));
        let forbidden = kinds.flat_map(|kind| ScopeFreshness::forbidden(authority, kind));
        let forbidden =
            forbidden.filter(|scope| self.matches(&scope.cloud, scope.region.as_str(), scope.holder));
        let mut scopes = self.listed(authority);
        scopes.extend(forbidden);
        scopes
    }

    /// Returns whether the filter matches a cloud, by name.
    pub(crate) fn matches_cloud(&self, cloud: &str) -> bool {
        self.cloud.as_deref().is_none_or(|wanted| wanted == cloud)
    }

    /// Returns whether the filter matches an account of a cloud.
    pub(crate) fn matches_holder(&self, cloud: &str, holder: Holder) -> bool {
        self.matches_cloud(cloud) && self.account.as_deref().is_none_or(|wanted| wanted == holder.to_string())
    }

    fn matches(&self, cloud: &str, region: &str, holder: Holder) -> bool {
        self.region.as_deref().is_none_or(|wanted| wanted == region) && self.matches_holder(cloud, holder)
    }

    fn matches_kind(&self, kind: Kind) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
    }
}

fn expect(parameter: &str, value: Option<&str>, is_known: impl FnOnce(&str) -> bool) -> Result<()> {
    match value {
        Some(value) if !is_known(value) => Err(Error::UnknownFilterValue {
            parameter: parameter.to_owned(),
            detail: format!("`{}` matches no {parameter} that you have access to", shortened(value)),
        }),
        _ => Ok(()),
    }
}
