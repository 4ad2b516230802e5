//! Identifiers, each with a type of its own, so that a principal cannot be passed for an account.

mod region;
mod scope;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use region::Region;
pub use scope::{Holder, Scope};

/// The root of the gateway's name-based ids. Changing it changes every such id.
const NAMESPACE: Uuid = Uuid::from_u128(0x5c1d_5d0e_6a6f_4f0e_9f63_8f1c_1b0a_7e11);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Makes an id that sorts by its time of creation.
            #[allow(clippy::new_without_default)]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// Returns the 16 bytes that the store keeps.
            pub fn to_bytes(self) -> Vec<u8> {
                self.0.as_bytes().to_vec()
            }

            /// Reads the bytes of [`Self::to_bytes`]; `None` unless there are 16.
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
    /// A registered cloud.
    CloudId
);
uuid_id!(
    /// An account of a cloud.
    AccountId
);
uuid_id!(
    /// An identity that sends requests: a registered client or a federated user.
    PrincipalId
);
uuid_id!(
    /// A principal's proof that it may act for an account.
    CredentialId
);
uuid_id!(
    /// A resource. Every process derives the same id for it.
    ResourceId
);
uuid_id!(
    /// An event; publishing it again keeps the id.
    EventId
);
uuid_id!(
    /// An issued token (`jti`).
    TokenId
);
uuid_id!(
    /// A mutating request.
    OperationId
);
uuid_id!(
    /// A running process, which holds leases.
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
    /// Derives the account's id from the cloud's own id, so that all processes agree.
    pub fn derive(cloud: CloudId, external_id: &str) -> Self {
        Self(name_based(&["account", &cloud.to_string(), external_id]))
    }
}

/// Makes a UUID from parts. Each part has its length in front, so that different lists give different names.
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
    fn id_reads_back_from_its_bytes() {
        let id = AccountId::generate();
        assert_eq!(AccountId::from_bytes(&id.to_bytes()), Some(id));
        assert_eq!(AccountId::from_bytes(b"short"), None);
    }
}
