//! Tags: as EC2's documents have them, and the keys with a special meaning.

use std::collections::BTreeMap;

use gateway_core::document::observation::Observed;
use gateway_core::marker::{MARKER_KEY, Marker};

use crate::xml::Element;

/// Key of the tag by which EC2's users name resources.
pub(crate) const NAME_KEY: &str = "Name";

/// Key of the tag on an internet gateway that names the route table for which the gateway made it.
pub(crate) const ROUTER_KEY: &str = "gateway-router";

/// The place where a resource keeps its name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Naming<'a> {
    /// The tag `Name`, with this value.
    Tag(&'a str),
    /// A field of its own, or none: `Name` is a tag like any other.
    Own,
}

/// Returns whether the gateway itself sets a tag. Such tags are hidden from readers.
pub(crate) fn is_of_gateway(key: &str) -> bool {
    key == MARKER_KEY || key == ROUTER_KEY
}

/// Returns whether only the cloud can set a tag.
pub(crate) fn is_of_cloud(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

/// Reads all tags of a document.
pub(crate) fn read(element: &Element) -> BTreeMap<String, String> {
    element.items(&["tagSet"]).filter_map(|tag| Some((tag.owned_at(&["key"])?, value(tag)))).collect()
}

/// Returns the value of an item of `tagSet`, with its spaces.
pub(crate) fn value(tag: &Element) -> String {
    tag.child("value").map(|value| value.text.clone()).unwrap_or_default()
}

/// Returns the tag `Name`; empty without one.
pub(crate) fn name(tags: &BTreeMap<String, String>) -> String {
    tags.get(NAME_KEY).cloned().unwrap_or_default()
}

/// Moves the marker from the tags to its own field and removes the gateway's other tag. A value that is not a marker
/// belongs to somebody else and stays.
pub(crate) fn take_marker(observed: &mut Observed) {
    observed.tags.remove(ROUTER_KEY);
    if let Some(marker) = observed.tags.get(MARKER_KEY).and_then(|text| Marker::parse(text)) {
        observed.tags.remove(MARKER_KEY);
        observed.marker = Some(marker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_of_cloud_tags_is_recognized_in_any_case() {
        assert!(is_of_cloud("aws:cloudformation:stack") && is_of_cloud("AWS:x"));
        assert!(!is_of_cloud("aws") && !is_of_cloud("äaws:"));
    }
}
