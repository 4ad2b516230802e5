//! The scopes that a request names by cloud, region, account and kind.

use gateway_core::Kind;
use gateway_core::id::{AccountId, CloudId, Holder, Region};
use gateway_store::{TargetState, Visibility, VisibleAccount, VisibleCloud};

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

/// A holder of records that a caller may see some of.
#[derive(Clone, Copy, Debug)]
pub(super) enum VisibleHolder<'a> {
    Account(&'a VisibleAccount),
    /// The resources that a cloud publishes.
    Published(CloudId, &'a VisibleCloud),
}

impl VisibleHolder<'_> {
    pub(super) fn key(&self) -> (CloudId, Holder) {
        match self {
            Self::Account(account) => (account.cloud, Holder::Account(account.id)),
            Self::Published(cloud, _) => (*cloud, Holder::Global),
        }
    }

    /// Returns whether the caller may see a target of this holder.
    pub(super) fn shows(&self, target: &TargetState) -> bool {
        match self {
            Self::Account(account) => account.access.allows(&target.region, target.kind),
            Self::Published(_, cloud) => cloud.publishes(&target.region, target.kind),
        }
    }
}

impl ScopeFilter {
    /// Refuses values that the caller has no access to: an empty answer would read as "there are none".
    pub(crate) fn expect_known(&self, visibility: &Visibility) -> Result<()> {
        expect("cloud", self.cloud.as_deref(), |name| {
            visibility.clouds().any(|(_, cloud)| cloud.name == name)
        })?;
        expect("region", self.region.as_deref(), |name| visibility.knows_region(name))?;
        expect("account", self.account.as_deref(), |text| {
            text == GLOBAL || account_id(text).is_some_and(|id| visibility.account(id).is_some())
        })
    }

    /// Returns the holders of the filter.
    pub(super) fn holders<'a>(
        &'a self,
        visibility: &'a Visibility,
    ) -> impl Iterator<Item = VisibleHolder<'a>> {
        let published = self.account.as_deref().is_none_or(|wanted| wanted == GLOBAL);
        let published = published.then(|| visibility.clouds()).into_iter().flatten();
        let published = published
            .filter(|(_, cloud)| self.matches_cloud(&cloud.name))
            .map(|(id, cloud)| VisibleHolder::Published(id, cloud));
        self.accounts(visibility).map(VisibleHolder::Account).chain(published)
    }

    /// Returns the accounts of the filter, in ascending order of their ids.
    pub(crate) fn accounts<'a>(
        &'a self,
        visibility: &'a Visibility,
    ) -> impl Iterator<Item = &'a VisibleAccount> {
        let accounts = match self.account.as_deref() {
            None => visibility.accounts(),
            Some(text) => {
                account_id(text).and_then(|id| visibility.account(id)).map_or(&[][..], std::slice::from_ref)
            }
        };
        let is_of_cloud = |account: &&VisibleAccount| {
            self.cloud.is_none()
                || visibility.cloud(account.cloud).is_some_and(|cloud| self.matches_cloud(&cloud.name))
        };
        accounts.iter().filter(is_of_cloud)
    }

    /// Returns whether the filter matches a cloud, by name.
    pub(crate) fn matches_cloud(&self, cloud: &str) -> bool {
        self.cloud.as_deref().is_none_or(|wanted| wanted == cloud)
    }

    /// Returns whether the filter matches a target of one of its holders.
    pub(super) fn matches(&self, target: &TargetState) -> bool {
        self.matches_kind(target.kind) && self.matches_region(&target.region)
    }

    pub(super) fn matches_region(&self, region: &Region) -> bool {
        self.region.as_deref().is_none_or(|wanted| wanted == region.as_str())
    }

    pub(super) fn matches_kind(&self, kind: Kind) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
    }
}

/// The value of `account` for published resources.
const GLOBAL: &str = "global";

/// Parses the id of an account in the form in which answers show it.
fn account_id(text: &str) -> Option<AccountId> {
    text.parse().ok().filter(|id: &AccountId| id.to_string() == text)
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
