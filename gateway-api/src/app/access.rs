//! Access: callers, credential checks and tokens.

mod caller;
mod check_credentials;
mod credential_check;
mod token;

pub(crate) use caller::{Caller, authenticate};
pub(crate) use credential_check::SentCredential;
pub(crate) use gateway_store::Client;
