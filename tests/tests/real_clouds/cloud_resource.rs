//! Resources as a client of their cloud shows them.

use std::collections::BTreeMap;

/// The compared kinds with their collections.
pub(crate) const KINDS: [(&str, &str); 4] = [
    ("instance", "instances"),
    ("instance_type", "instance_types"),
    ("image", "images"),
    ("volume", "volumes"),
];

/// A resource with its name and the cloud's state word, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CloudResource {
    pub(crate) name: String,
    pub(crate) cloud_state: Option<String>,
}

/// Resources by cloud id.
pub(crate) type ById = BTreeMap<String, CloudResource>;

/// The compared resources of an account by kind.
pub(crate) type ByKind = BTreeMap<&'static str, ById>;
