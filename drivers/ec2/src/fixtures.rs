//! Fixtures of unit tests: a registration, and mappings of documents.

use std::collections::BTreeMap;
use std::time::Duration;

use gateway_core::driver::CloudSpec;
use gateway_core::id::{CloudId, Region};
use serde_json::Value;
use uuid::Uuid;

use crate::origin::Origin;
use crate::xml::Element;

/// Returns a cloud with that endpoint and those options; its id is always the same.
pub(crate) fn cloud(endpoint: &str, options: Value) -> CloudSpec {
    CloudSpec {
        id: CloudId(Uuid::nil()),
        name: "test".to_owned(),
        endpoint: endpoint.to_owned(),
        regions: Vec::new(),
        allowed_hosts: Vec::new(),
        allow_plaintext: false,
        require_date: false,
        calls_per_second: 10.0,
        timeout: Duration::from_secs(5),
        options: options.as_object().cloned().unwrap_or_default(),
    }
}

/// Runs a mapping on a document that account 111 requested in region r1.
pub(crate) fn with_origin<R>(document: &str, map: impl FnOnce(&Element, Origin<'_>) -> R) -> R {
    let cloud = cloud("https://ec2.example", serde_json::json!({}));
    let element = Element::parse(document).unwrap();
    let sizes = BTreeMap::new();
    map(&element, Origin { cloud: &cloud, region: &Region::new("r1"), account: "111", sizes: &sizes })
}
