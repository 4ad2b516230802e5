//! Scopes: the extent of one listing, cloud x region x holder.

use std::fmt;

use uuid::Uuid;

use super::region::Region;
use super::{AccountId, CloudId};

/// For whom a record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// Everybody with an account of the cloud: what it publishes to all.
    Global,
    /// One account: its own resources and what is shared with it alone.
    Account(AccountId),
}

impl Holder {
    /// Sixteen bytes for the store; global is the nil id, so that the column can be part of a key.
    pub fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Global => Uuid::nil().as_bytes().to_vec(),
            Self::Account(account) => account.to_bytes(),
        }
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let account = AccountId::from_bytes(bytes)?;
        Some(if account.0.is_nil() { Self::Global } else { Self::Account(account) })
    }

    /// The account, unless it is everybody.
    pub fn account(self) -> Option<AccountId> {
        match self {
            Self::Global => None,
            Self::Account(account) => Some(account),
        }
    }
}

impl fmt::Display for Holder {
    /// The account's id, or `global`: the form of routing keys and of answers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Account(account) => account.fmt(f),
        }
    }
}

/// What one listing covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The installation.
    pub cloud: CloudId,
    /// One of its regions.
    pub region: Region,
    /// For whom.
    pub holder: Holder,
}
