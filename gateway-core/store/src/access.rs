//! Access: clouds, clients, accounts, credentials, grants, and what a principal may see.

mod account;
mod authority;
mod client;
mod cloud;
mod credential;
mod due;
mod grant;
mod listable;
mod region;
mod token;
mod verification;

pub use account::Account;
pub use authority::{Authority, Granted, VisibleTarget};
pub use client::Client;
pub use cloud::{Cloud, NewCloud};
pub use credential::SealedCredential;
pub use grant::Grant;
pub use listable::Access;
pub use verification::{DueGrant, GrantChange, VERIFICATION_CLAIM};

pub(crate) use credential::CredentialRow;
