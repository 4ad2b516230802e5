//! Identifiers: each a type of its own, so that a principal cannot be passed where an account is meant.

mod region;
mod scope;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use region::Region;
pub use scope::{Holder, Scope};

/// Root of the gateway's name-based ids. Changing it changes every id ever handed out.
const NAMESPACE: Uuid = Uuid::from_u128(0x5c1d_5d0e_6a6f_4f0e_9f63_8f1c_1b0a_7e11);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id that sorts by the time it was made.
            #[allow(clippy::new_without_default)]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The sixteen bytes that the store keeps.
            pub fn to_bytes(self) -> Vec<u8> {
                self.0.as_bytes().to_vec()
            }

            /// Reads what [`Self::to_bytes`] wrote; `None` when it is not sixteen bytes.
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

uuid_id!(
    /// One registered cloud.
    CloudId
);
uuid_id!(
    /// One account of one cloud.
    AccountId
);
uuid_id!(
    /// Who asks: a registered client or, later, a federated user.
    PrincipalId
);
uuid_id!(
    /// One principal's proof that it may act for one account.
    CredentialId
);
uuid_id!(
    /// One resource, the same for whoever lists it and in whichever process.
    ResourceId
);
uuid_id!(
    /// One event; republishing keeps it.
    EventId
);
uuid_id!(
    /// One issued token (`jti`).
    TokenId
);
uuid_id!(
    /// One mutating request and what became of it.
    OperationId
);
uuid_id!(
    /// One running process; what a lease is written to.
    ProcessId
);

/// A poll target: the store's own number for scope x kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetId(pub i64);

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AccountId {
    /// The account's id from what the cloud calls it: two processes that meet it first agree.
    pub fn derive(cloud: CloudId, external_id: &str) -> Self {
        Self(name_based(&["account", &cloud.to_string(), external_id]))
    }
}

/// Length-prefixed, so that no two lists of parts run together to the same name.
pub(crate) fn name_based(parts: &[&str]) -> Uuid {
    let mut name = Vec::with_capacity(128);
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&NAMESPACE, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_round_trip() {
        let id = AccountId::generate();
        assert_eq!(AccountId::from_bytes(&id.to_bytes()), Some(id));
        assert_eq!(AccountId::from_bytes(b"short"), None);
    }
}
