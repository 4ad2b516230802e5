//! What a client of a cloud shows of a resource.

use std::collections::BTreeMap;

/// The kinds, with the names of their collections.
pub(crate) const KINDS: [(&str, &str); 4] = [
    ("instance", "instances"),
    ("instance_type", "instance_types"),
    ("image", "images"),
    ("volume", "volumes"),
];

/// One resource: its name and, where it has a state, the cloud's word for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) word: Option<String>,
}

/// Resources by the cloud's own id.
pub(crate) type ById = BTreeMap<String, Shown>;

/// Everything of an account that is compared, by kind.
pub(crate) type ByKind = BTreeMap<&'static str, ById>;
