//! Tags of Neutron, which have no values.

use std::collections::BTreeMap;

use gateway_core::error::Result;
use gateway_core::kind::FieldError;
use serde_json::json;

use super::collection::Collection;
use crate::actions::action::Action;
use crate::actions::cloud_options::pointer;
use crate::client::{Answer, Write};
use crate::service::Service;

/// Returns faults for tags with a value.
pub(super) fn validate(tags: &BTreeMap<String, String>) -> Vec<FieldError> {
    let valued = tags.iter().filter(|(_, value)| !value.is_empty());
    let fault = |key: &str| {
        FieldError::new(pointer(&["tags", key]), "must be empty: tags have no values in this type of cloud")
    };
    valued.map(|(key, _)| fault(key)).collect()
}

/// Replaces the tags of a resource; it can be repeated.
pub(super) async fn set(
    action: &Action<'_>,
    collection: &Collection,
    id: &str,
    tags: &[&str],
) -> Result<Answer> {
    let path = [collection.path, id, "tags"];
    action.write(Write::put(Service::Network, &path, json!({ "tags": tags }))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_with_value_is_a_fault() {
        let tags = BTreeMap::from([("blue".to_owned(), String::new()), ("a/b".to_owned(), "1".to_owned())]);
        let faults = validate(&tags);
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/tags/a~1b"]);
    }
}
