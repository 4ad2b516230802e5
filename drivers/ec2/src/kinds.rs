//! From EC2's documents to the kinds, one file each.

pub(crate) mod image;
pub(crate) mod instance;
pub(crate) mod instance_type;
pub(crate) mod volume;

use std::collections::BTreeMap;

use gateway_core::driver::CloudSpec;
use gateway_core::kind::{Canonical, State};
use gateway_core::kinds::Reference;
use gateway_core::scope::Region;
use gateway_core::{Error, Timestamp};

use crate::xml::{Element, odd};

/// Where a document came from: what it does not say itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) cloud: &'a CloudSpec,
    pub(crate) region: &'a Region,
    /// The account that asked, by the cloud's own id.
    pub(crate) account: &'a str,
}

impl Origin<'_> {
    /// A reference to another resource of the same region by the cloud's id.
    pub(crate) fn reference<T: Canonical>(&self, id: &str) -> Reference {
        let derived = self.cloud.resource_id(self.region, T::KIND, id);
        Reference { id: Some(derived), external_id: Some(id.to_owned()), name: None }
    }
}

/// The canonical state of the cloud's word.
pub(crate) fn state_of<S: State>(table: &[(&str, S)], word: &str, unknown: S) -> S {
    table.iter().find(|(known, _)| *known == word).map_or(unknown, |(_, state)| *state)
}

/// All tags.
pub(crate) fn tags(element: &Element) -> BTreeMap<String, String> {
    element
        .items(&["tagSet"])
        .filter_map(|tag| {
            let key = tag.text_at(&["key"])?.to_owned();
            // A tag's value keeps its spaces.
            Some((key, tag.child("value").map(|value| value.text.clone()).unwrap_or_default()))
        })
        .collect()
}

/// The tag that EC2's users name things by; empty where there is none.
pub(crate) fn name_tag(tags: &BTreeMap<String, String>) -> String {
    tags.get("Name").cloned().unwrap_or_default()
}

/// The time at the end of a path.
///
/// # Errors
/// `WrongDocument`, when there is text that is no time.
pub(crate) fn time_at(element: &Element, path: &[&str]) -> Result<Option<Timestamp>, Error> {
    element
        .text_at(path)
        .map(|text| Timestamp::parse(text).ok_or_else(|| odd("not a time").with("field", path.join("."))))
        .transpose()
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Runs a mapping on a document, as account 111 asked for it in region r1.
    pub(crate) fn with_origin<R>(document: &str, map: impl FnOnce(&Element, Origin<'_>) -> R) -> R {
        let cloud = crate::testing::cloud("https://ec2.example", serde_json::json!({}));
        let element = Element::parse(document).unwrap();
        map(&element, Origin { cloud: &cloud, region: &Region::new("r1"), account: "111" })
    }
}
