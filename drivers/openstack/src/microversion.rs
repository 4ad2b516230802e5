//! Negotiation of microversions with Nova and Cinder.

use std::fmt;
use std::str::FromStr;

use driver_kit::{HeaderName, HeaderValue, Response};
use gateway_core::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use crate::service::Service;

/// A microversion, such as 2.93.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Microversion {
    major: u32,
    minor: u32,
}

impl Microversion {
    /// Returns the microversion `major.minor`.
    pub(crate) const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

/// The newest version that the driver is tested with. A newer one could change the documents.
const COMPUTE: Microversion = Microversion::new(2, 93);
const VOLUME: Microversion = Microversion::new(3, 70);

impl FromStr for Microversion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (major, minor) = text.split_once('.').ok_or(())?;
        Ok(Self { major: major.parse().map_err(drop)?, minor: minor.parse().map_err(drop)? })
    }
}

impl fmt::Display for Microversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl<'de> Deserialize<'de> for Microversion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|()| {
            serde::de::Error::custom(format!("`{text}` is not a microversion; write it as `2.93`"))
        })
    }
}

/// Returns the headers that select a microversion.
pub(crate) fn headers(service: Service, version: Microversion) -> Vec<(HeaderName, HeaderValue)> {
    let header = |name: &'static str, text: String| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(&text).ok()?))
    };
    let headers = match service {
        // Nova before 2.27 knows the second header only.
        Service::Compute => [
            header("openstack-api-version", format!("compute {version}")),
            header("x-openstack-nova-api-version", version.to_string()),
        ],
        Service::Volume => [header("openstack-api-version", format!("volume {version}")), None],
        Service::Image | Service::Network => [None, None],
    };
    headers.into_iter().flatten().collect()
}

/// Returns the base URL of a service and the URL of its version document, from the address in the catalog.
///
/// The catalog's address may lack the version, or continue after it with the project.
pub(crate) fn addresses(service: Service, catalog: &Url) -> Result<(Url, Url)> {
    let cannot = || Error::new(ErrorKind::WrongDocument, "the catalog has an address that cannot be a base");
    let segments: Vec<&str> =
        catalog.path_segments().ok_or_else(cannot)?.filter(|text| !text.is_empty()).collect();
    let version = segments.iter().position(|segment| is_version(segment));
    let with = |path: &[&str], slash: bool| -> Result<Url> {
        let mut url = catalog.clone();
        url.set_query(None);
        let mut segments = url.path_segments_mut().map_err(|()| cannot())?;
        segments.clear().extend(path);
        if slash {
            segments.push("");
        }
        drop(segments);
        Ok(url)
    };
    let mut base = segments.clone();
    if version.is_none() {
        base.push(service.path_version());
    }
    let root = &base[..version.map_or(base.len(), |at| at + 1)];
    Ok((with(&base, false)?, with(root, true)?))
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

/// Chooses the newest microversion that both the service and the driver know.
pub(crate) fn choose(service: Service, response: &Response) -> Result<Microversion> {
    let newest = match service {
        Service::Compute => COMPUTE,
        _ => VOLUME,
    };
    let wrong = |what: &str| Error::new(ErrorKind::WrongDocument, format!("{} {what}", response.endpoint));
    let document: Value = response.json()?;
    let versions = match (&document["version"], &document["versions"]) {
        (one @ Value::Object(_), _) => vec![one],
        (_, Value::Array(several)) => several.iter().collect(),
        _ => return Err(wrong("answered a version document without versions")),
    };
    let read = |version: &Value, key: &str| version[key].as_str()?.parse::<Microversion>().ok();
    // Nova also lists v2.0, with empty strings.
    let (lowest, highest) = versions
        .into_iter()
        .filter_map(|version| Some((read(version, "min_version")?, read(version, "version")?)))
        .find(|(_, highest)| highest.major == newest.major)
        .ok_or_else(|| wrong("lists no microversions"))?;
    if lowest > newest {
        let message =
            format!("{} supports {lowest} and newer; this driver supports up to {newest}", response.endpoint);
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    Ok(highest.min(newest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::json_response;

    fn of(service: Service, url: &str) -> (String, String) {
        let (base, root) = addresses(service, &Url::parse(url).unwrap()).unwrap();
        (base.into(), root.into())
    }

    #[test]
    fn every_form_of_catalog_address_is_completed() {
        for (service, catalog, base, root) in [
            (Service::Compute, "http://n:8774/v2.1", "http://n:8774/v2.1", "http://n:8774/v2.1/"),
            (Service::Compute, "http://n/compute", "http://n/compute/v2.1", "http://n/compute/v2.1/"),
            (Service::Compute, "http://n/v2.1/abc", "http://n/v2.1/abc", "http://n/v2.1/"),
            (Service::Volume, "http://c/v3/abc", "http://c/v3/abc", "http://c/v3/"),
            (Service::Network, "http://q:9696", "http://q:9696/v2.0", "http://q:9696/v2.0/"),
            (
                Service::Network,
                "http://q/networking/v2.0/",
                "http://q/networking/v2.0",
                "http://q/networking/v2.0/",
            ),
            (Service::Image, "http://g:9292", "http://g:9292/v2", "http://g:9292/v2/"),
            (Service::Image, "http://g/image/v2/", "http://g/image/v2", "http://g/image/v2/"),
        ] {
            assert_eq!(of(service, catalog), (base.to_owned(), root.to_owned()), "{catalog}");
        }
    }

    #[test]
    fn newest_common_microversion_is_chosen() {
        let choose = |service, text: &str| choose(service, &json_response(text));
        let one = |low: &str, high: &str| {
            format!(r#"{{"version":{{"id":"v2.1","min_version":"{low}","version":"{high}"}}}}"#)
        };
        assert_eq!(choose(Service::Compute, &one("2.1", "2.100")).unwrap(), COMPUTE);
        assert_eq!(choose(Service::Compute, &one("2.1", "2.60")).unwrap().to_string(), "2.60");
        let several =
            r#"{"versions":[{"version":"","min_version":""},{"version":"3.59","min_version":"3.0"}]}"#;
        assert_eq!(choose(Service::Volume, several).unwrap().to_string(), "3.59");
        let newer = choose(Service::Compute, &one("2.200", "2.300")).unwrap_err();
        assert_eq!(newer.kind(), ErrorKind::Unsupported);
        assert_eq!(choose(Service::Compute, "{}").unwrap_err().kind(), ErrorKind::WrongDocument);
    }
}
