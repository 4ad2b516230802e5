//! Scopes: the extent of one listing, cloud x region x holder.

use std::fmt;

use uuid::Uuid;

use super::region::Region;
use super::{AccountId, CloudId};

/// The party for which a record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// All accounts of the cloud, for resources that it publishes to everyone.
    Global,
    /// An account, for its own resources and those that are shared with it.
    Account(AccountId),
}

impl Holder {
    /// Returns 16 bytes for the store. `Global` is the nil id, so that the column can be part of a key.
    pub fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Global => Uuid::nil().as_bytes().to_vec(),
            Self::Account(account) => account.to_bytes(),
        }
    }

    /// Reads the bytes of [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let account = AccountId::from_bytes(bytes)?;
        Some(if account.0.is_nil() { Self::Global } else { Self::Account(account) })
    }

    /// Returns the account; none for `Global`.
    pub fn account(self) -> Option<AccountId> {
        match self {
            Self::Global => None,
            Self::Account(account) => Some(account),
        }
    }
}

impl fmt::Display for Holder {
    /// Writes the account's id or `global`, as in routing keys and answers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Account(account) => account.fmt(f),
        }
    }
}

/// The extent of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The cloud.
    pub cloud: CloudId,
    /// A region of the cloud.
    pub region: Region,
    /// The party for which the records are kept.
    pub holder: Holder,
}
