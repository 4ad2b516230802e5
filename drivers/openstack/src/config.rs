//! The settings of a registration: the URL of Keystone and the driver's options.

use gateway_core::driver::CloudSpec;
use gateway_core::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::microversion::Microversion;

/// The driver's options; `docs.md` describes them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The view of the catalog whose endpoints are called.
    pub(crate) interface: Interface,
    /// Items per page. A higher value makes fewer calls; a lower one makes each answer smaller and faster.
    pub(crate) page_size: usize,
    /// Nova's microversion, if it is not negotiated.
    pub(crate) compute_microversion: Option<Microversion>,
    /// Cinder's microversion, if it is not negotiated.
    pub(crate) volume_microversion: Option<Microversion>,
}

/// The catalog's three views of each service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Interface {
    /// Endpoints for everybody.
    #[default]
    Public,
    /// Endpoints for programs in the cloud's own network.
    Internal,
    /// Endpoints for operators.
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

/// The default limit of the services themselves; a higher value has no effect.
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
    /// Reads and checks the options of a registration.
    pub(crate) fn read(cloud: &CloudSpec) -> Result<Self> {
        let config: Self = serde_json::from_value(Value::Object(cloud.options.clone()))
            .map_err(|error| Error::invalid(format!("options of cloud `{}`: {error}", cloud.name)))?;
        if !(1..=LARGEST_PAGE).contains(&config.page_size) {
            return Err(Error::invalid(format!(
                "option `page_size` is {}; it must be 1 to {LARGEST_PAGE}",
                config.page_size
            )));
        }
        Ok(config)
    }
}

/// Returns Keystone's v3 URL from an endpoint with or without `/v3` at its end.
pub(crate) fn keystone_url(endpoint: &str) -> Result<Url> {
    let wrong = || Error::invalid(format!("endpoint `{endpoint}` is not the URL of a Keystone"));
    let mut url = Url::parse(endpoint).map_err(|_| wrong())?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong());
    }
    let last = url.path_segments().and_then(|mut segments| segments.rfind(|text| !text.is_empty()));
    let (has_version, other_version) = (last == Some("v3"), last == Some("v2.0"));
    if other_version {
        return Err(Error::invalid("Keystone's v2.0 is not supported; use the v3 URL"));
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
    fn endpoint_is_accepted_with_or_without_version() {
        for (given, expected) in [
            ("http://k:5000/v3", "http://k:5000/v3"),
            ("http://k:5000/v3/", "http://k:5000/v3"),
            ("http://k:5000", "http://k:5000/v3"),
            ("https://k/identity", "https://k/identity/v3"),
        ] {
            assert_eq!(keystone_url(given).unwrap().as_str(), expected);
        }
        for wrong in ["k:5000", "http://k/v2.0", "http://k/v3?x=1", "mailto:x"] {
            assert!(keystone_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_are_read_and_faults_are_named() {
        let read = |text: &str| -> Result<Config> {
            Config::read(&crate::fixtures::cloud(serde_json::from_str(text).unwrap()))
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
