//! The address of a gateway.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use gateway_core::error::{Error, Result};
use reqwest::Url;
use serde::{Deserialize, Serialize};

/// The base URL of a gateway in its one normal form: lower-case host, no default port, no slash at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(String);

impl Address {
    /// Returns the URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether requests to it cross a network in clear.
    pub fn is_plaintext(&self) -> bool {
        self.0.starts_with("http://") && !self.is_loopback()
    }

    /// Returns whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        let Ok(url) = Url::parse(&self.0) else { return false };
        let Some(host) = url.host_str() else { return false };
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host == "localhost",
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // The text may contain a password, so the error does not repeat it.
        let invalid = |reason: &str| Error::invalid(format!("the URL of the gateway {reason}"));
        let url = Url::parse(text).map_err(|error| invalid(&format!("cannot be read: {error}")))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(invalid("must start with https:// or http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("must not contain a user or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("must not contain a query or a fragment"));
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl TryFrom<String> for Address {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalised() {
        for (text, expected) in [
            ("https://gateway.example/", "https://gateway.example"),
            ("HTTPS://Gateway.example:443", "https://gateway.example"),
            ("http://127.0.0.1:8080/clouds/", "http://127.0.0.1:8080/clouds"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().as_str(), expected);
        }
    }

    #[test]
    fn invalid_address_is_refused_without_its_password() {
        for text in ["gateway.example", "ftp://x", "https://u:hunter2@x", "https://x/?a=b", ""] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(!error.chain().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn plaintext_counts_only_beyond_this_machine() {
        for (url, plain) in [
            ("http://localhost:1", false),
            ("http://127.3.2.1", false),
            ("http://[::1]:8", false),
            ("https://gateway.example", false),
            ("http://gateway.example", true),
            ("http://127.0.0.1.example", true),
        ] {
            assert_eq!(url.parse::<Address>().unwrap().is_plaintext(), plain, "{url}");
        }
    }
}
