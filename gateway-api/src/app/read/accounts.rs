//! The accounts that the caller may act for.

use gateway_core::id::{AccountId, Region};
use gateway_core::{Kind, Timestamp};
use gateway_store::Granted;

use super::PageBytes;
use crate::app::access::Caller;
use crate::app::{App, Result};

/// The identity of an account.
#[derive(Clone, Debug)]
pub(crate) struct AccountName {
    pub(crate) id: AccountId,
    /// The name of its cloud.
    pub(crate) cloud: String,
    /// The cloud's own id.
    pub(crate) external_id: String,
    /// The cloud's name for it.
    pub(crate) name: String,
}

/// An account and the access that the caller's credential gives to it.
#[derive(Clone, Debug)]
pub(crate) struct AccountAccess {
    pub(crate) account: AccountName,
    /// The last time at which the credential was verified.
    pub(crate) verified_at: Timestamp,
    /// The regions in which the credential is of use.
    pub(crate) regions: Vec<Region>,
    /// The kinds that the credential may list in at least one region, by name.
    pub(crate) kinds: Vec<Kind>,
}

impl From<&Granted> for AccountName {
    fn from(grant: &Granted) -> Self {
        Self {
            id: grant.account.id,
            cloud: grant.cloud_name.clone(),
            external_id: grant.account.external_id.clone(),
            name: grant.account.name.clone(),
        }
    }
}

/// A page of accounts, in the order of their ids.
#[derive(Debug)]
pub(crate) struct AccountPage {
    pub(crate) accounts: Vec<AccountAccess>,
    /// The account after which the next page begins; none on the last.
    pub(crate) next: Option<AccountId>,
}

impl From<&Granted> for AccountAccess {
    fn from(grant: &Granted) -> Self {
        let regions = &grant.access.0;
        let allowed = regions.values().flatten().filter(|(_, is_allowed)| **is_allowed);
        let mut kinds: Vec<_> = allowed.map(|(kind, _)| *kind).collect();
        kinds.sort_unstable_by_key(|kind| kind.as_str());
        kinds.dedup();
        Self {
            account: AccountName::from(grant),
            verified_at: grant.verified_at,
            regions: regions.keys().cloned().collect(),
            kinds,
        }
    }
}

/// Returns the accounts of the live grants after one.
pub(crate) async fn accounts(
    app: &App,
    caller: &Caller,
    after: Option<AccountId>,
    limit: usize,
) -> Result<AccountPage> {
    let granted = app.store.grant_list(caller.claims.sub, after, limit + 1).await?;
    let mut accounts: Vec<_> = granted.iter().map(AccountAccess::from).collect();
    let is_more = accounts.len() > limit;
    accounts.truncate(limit);
    // The long members of an account; the others are of fixed size.
    let text = |one: &AccountAccess| {
        let AccountName { cloud, external_id, name, .. } = &one.account;
        format!("{cloud}{external_id}{name}{:?}{:?}", one.regions, one.kinds)
    };
    let texts: Vec<_> = accounts.iter().map(text).collect();
    let fitting = PageBytes::count(texts.iter().map(String::as_str));
    let is_more = is_more || fitting < accounts.len();
    accounts.truncate(fitting);
    let next = accounts.last().filter(|_| is_more).map(|one| one.account.id);
    Ok(AccountPage { accounts, next })
}
