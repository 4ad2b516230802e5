//! The accounts that the caller may act for.

use gateway_core::id::{AccountId, Region};
use gateway_core::{Kind, Timestamp};
use gateway_store::{Authority, Granted};

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

/// Returns the accounts of the live grants.
pub(crate) fn accounts(authority: &Authority) -> Vec<AccountAccess> {
    let access = |grant: &Granted| {
        let regions = &grant.access.0;
        let allowed = regions.values().flatten().filter(|(_, is_allowed)| **is_allowed);
        let mut kinds: Vec<_> = allowed.map(|(kind, _)| *kind).collect();
        kinds.sort_unstable_by_key(|kind| kind.as_str());
        kinds.dedup();
        AccountAccess {
            account: AccountName::from(grant),
            verified_at: grant.verified_at,
            regions: regions.keys().cloned().collect(),
            kinds,
        }
    };
    authority.grants.iter().map(access).collect()
}
