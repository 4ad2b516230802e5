//! Access: credentials of clouds, tokens of the gateway, and the keys that seal and sign.

pub mod credential;
pub mod keyring;
pub mod seal;
pub mod token;
