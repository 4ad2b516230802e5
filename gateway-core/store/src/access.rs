//! Access: clouds, clients, accounts, credentials, grants, and what a principal may see.

mod account;
mod client;
mod cloud;
mod credential;
mod due;
mod grant;
mod granted;
mod identity;
mod listable;
mod region;
mod token;
mod verification;
mod visibility;

pub use account::Account;
pub use client::Client;
pub use cloud::{Cloud, NewCloud};
pub use credential::SealedCredential;
pub use grant::Grant;
pub use granted::Granted;
pub use identity::Identity;
pub use listable::Access;
pub use verification::{DueGrant, GrantChange};
pub use visibility::{Visibility, VisibleAccount, VisibleCloud};

pub(crate) use credential::CredentialRow;
