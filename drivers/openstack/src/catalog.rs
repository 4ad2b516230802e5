//! The service catalog that comes with a token.

use std::collections::{BTreeMap, BTreeSet};

use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Region;
use serde::Deserialize;
use url::Url;

use crate::config::Interface;
use crate::service::Service;

/// Memory of an address beside its text, about: the node of the map and its allocations.
const NODE: usize = 128;

/// Addresses by service and region. They are untrusted: driver-kit's address gate checks each call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog(BTreeMap<(Service, Region), Url>);

/// A service as Keystone lists it.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    #[serde(rename = "type")]
    service_type: String,
    #[serde(default)]
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Deserialize)]
struct Endpoint {
    interface: String,
    url: String,
    region: Option<String>,
    region_id: Option<String>,
}

impl Catalog {
    /// Keeps the endpoints of known services in the allowed regions. An empty list allows every region.
    pub(crate) fn new(entries: &[Entry], interface: Interface, allowed: &[Region]) -> Self {
        let mut addresses = BTreeMap::new();
        for service in Service::ALL {
            let of_type = |name: &'static str| entries.iter().filter(move |entry| entry.service_type == name);
            for endpoint in
                service.types().iter().copied().flat_map(of_type).flat_map(|entry| &entry.endpoints)
            {
                let Some(name) = endpoint.region_id.as_ref().or(endpoint.region.as_ref()) else { continue };
                let region = Region::new(name);
                if endpoint.interface != interface.as_str() || !is_allowed(&region, allowed) {
                    continue;
                }
                match Url::parse(&endpoint.url) {
                    Ok(url) => drop(addresses.entry((service, region)).or_insert(url)),
                    Err(_) => tracing::warn!(?service, %region, "catalog address is not a URL"),
                }
            }
        }
        Self(addresses)
    }

    /// Returns about how much memory the addresses take, each once more with its version when its service was called.
    pub(crate) fn bytes(&self) -> usize {
        let text = |region: &Region, url: &Url| region.as_str().len() + url.as_str().len();
        self.0.iter().map(|((_, region), url)| 2 * (size_of::<Url>() + NODE + text(region, url))).sum()
    }

    /// Returns the regions with at least one known service.
    pub(crate) fn regions(&self) -> Vec<Region> {
        self.0.keys().map(|(_, region)| region.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Tells whether a region has a service.
    pub(crate) fn has(&self, service: Service, region: &Region) -> bool {
        self.0.contains_key(&(service, region.clone()))
    }

    /// Returns the address of a service in a region.
    ///
    /// # Errors
    /// `Unsupported` if the catalog has no such service there.
    pub(crate) fn address(&self, service: Service, region: &Region) -> Result<&Url> {
        self.0.get(&(service, region.clone())).ok_or_else(|| {
            let name = service.types()[0];
            Error::new(
                ErrorKind::Unsupported,
                format!("region `{region}` has no `{name}` service in the catalog"),
            )
        })
    }
}

fn is_allowed(region: &Region, allowed: &[Region]) -> bool {
    allowed.is_empty() || allowed.contains(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOG: &str = r#"[
        {"type": "compute", "endpoints": [
            {"interface": "public", "url": "http://n1/v2.1", "region": "One", "region_id": "One"},
            {"interface": "internal", "url": "http://i1/v2.1", "region": "One"},
            {"interface": "public", "url": "http://n2/v2.1", "region": "Two"}]},
        {"type": "volumev3", "endpoints": [{"interface": "public", "url": "http://old/v3", "region": "One"}]},
        {"type": "block-storage", "endpoints": [{"interface": "public", "url": "http://c/v3", "region": "One"}]},
        {"type": "dns", "endpoints": [{"interface": "public", "url": "http://d", "region": "Three"}]},
        {"type": "image", "endpoints": [{"interface": "public", "url": "not a url", "region": "One"}]}]"#;

    fn catalog(interface: Interface, allowed: &[&str]) -> Catalog {
        let entries: Vec<Entry> = serde_json::from_str(CATALOG).unwrap();
        Catalog::new(&entries, interface, &allowed.iter().map(Region::new).collect::<Vec<_>>())
    }

    #[test]
    fn only_regions_with_a_known_service_are_listed() {
        let names = |catalog: &Catalog| catalog.regions().iter().map(Region::to_string).collect::<Vec<_>>();
        assert_eq!(names(&catalog(Interface::Public, &[])), ["One", "Two"]);
        assert_eq!(names(&catalog(Interface::Public, &["Two", "Three"])), ["Two"]);
        assert_eq!(names(&catalog(Interface::Internal, &[])), ["One"]);
    }

    #[test]
    fn official_service_type_wins_and_missing_service_is_unsupported() {
        let (catalog, one) = (catalog(Interface::Public, &[]), Region::new("One"));
        assert_eq!(catalog.address(Service::Volume, &one).unwrap().as_str(), "http://c/v3");
        let missing = catalog.address(Service::Image, &one).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Unsupported);
        assert!(missing.message().contains("image"), "{missing}");
        assert!(catalog.has(Service::Volume, &one) && !catalog.has(Service::Network, &one));
    }
}
