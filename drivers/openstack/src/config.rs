//! What a registration says: the address of Keystone, and the driver's options.

use gateway_core::driver::CloudSpec;
use gateway_core::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::version::Microversion;

/// The driver's options, documented in `docs.md`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Which of the catalog's endpoints are called.
    pub(crate) interface: Interface,
    /// Items asked for in one page. Higher makes fewer calls; lower makes each answer sooner and smaller.
    pub(crate) page_size: usize,
    /// Fixes Nova's microversion instead of asking Nova.
    pub(crate) compute_microversion: Option<Microversion>,
    /// Fixes Cinder's microversion instead of asking Cinder.
    pub(crate) volume_microversion: Option<Microversion>,
}

/// The catalog's three views of one service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Interface {
    /// For everybody.
    #[default]
    Public,
    /// For what runs beside the services.
    Internal,
    /// For operators.
    Admin,
}

impl Interface {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}

/// The services cap pages at this by default, so that asking for more brings nothing.
const LARGEST_PAGE: usize = 1000;

impl Default for Config {
    fn default() -> Self {
        Self {
            interface: Interface::default(),
            page_size: LARGEST_PAGE,
            compute_microversion: None,
            volume_microversion: None,
        }
    }
}

impl Config {
    /// Reads a registration's options.
    pub(crate) fn read(cloud: &CloudSpec) -> Result<Self> {
        let config: Self = serde_json::from_value(Value::Object(cloud.options.clone()))
            .map_err(|error| Error::invalid(format!("options of cloud {}: {error}", cloud.name)))?;
        if !(1..=LARGEST_PAGE).contains(&config.page_size) {
            return Err(Error::invalid(format!("option page_size must be 1 to {LARGEST_PAGE}")));
        }
        Ok(config)
    }
}

/// Keystone's v3 URL, from the endpoint with or without `/v3` at its end.
pub(crate) fn keystone(endpoint: &str) -> Result<Url> {
    let wrong = || Error::invalid(format!("{endpoint:?} is not the URL of a Keystone"));
    let mut url = Url::parse(endpoint).map_err(|_| wrong())?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong());
    }
    let last = url.path_segments().and_then(|mut segments| segments.rfind(|text| !text.is_empty()));
    let (has_version, other_version) = (last == Some("v3"), last == Some("v2.0"));
    if other_version {
        return Err(Error::invalid("Keystone's v2.0 is gone: give the v3 URL"));
    }
    let mut segments = url.path_segments_mut().map_err(|()| wrong())?;
    segments.pop_if_empty();
    if !has_version {
        segments.push("v3");
    }
    drop(segments);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_taken_with_or_without_version() {
        for (given, expected) in [
            ("http://k:5000/v3", "http://k:5000/v3"),
            ("http://k:5000/v3/", "http://k:5000/v3"),
            ("http://k:5000", "http://k:5000/v3"),
            ("https://k/identity", "https://k/identity/v3"),
        ] {
            assert_eq!(keystone(given).unwrap().as_str(), expected);
        }
        for wrong in ["k:5000", "http://k/v2.0", "http://k/v3?x=1", "mailto:x"] {
            assert!(keystone(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_are_read_and_mistakes_named() {
        let read = |text: &str| -> Result<Config> {
            Config::read(&crate::wire::testing::cloud(serde_json::from_str(text).unwrap()))
        };
        assert_eq!(read("{}").unwrap(), Config::default());
        let config = read(r#"{"interface":"internal","compute_microversion":"2.60"}"#).unwrap();
        assert_eq!(config.interface, Interface::Internal);
        assert_eq!(config.compute_microversion.unwrap().to_string(), "2.60");
        assert!(read(r#"{"interfce":"x"}"#).unwrap_err().message().contains("interfce"));
        assert!(read(r#"{"page_size":0}"#).unwrap_err().message().contains("page_size"));
        assert!(read(r#"{"volume_microversion":"new"}"#).is_err());
    }
}
