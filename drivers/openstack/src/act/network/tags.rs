//! Tags, which are words to Neutron: a key without a value.

use std::collections::BTreeMap;

use gateway_core::error::Result;
use gateway_core::kind::FieldError;
use serde_json::json;

use super::place::Place;
use crate::act::Act;
use crate::catalog::Service;
use crate::connection::{Answer, Write};
use crate::options::pointer;

/// Faults for what could not be read back.
pub(super) fn faults(tags: &BTreeMap<String, String>) -> Vec<FieldError> {
    let valued = tags.iter().filter(|(_, value)| !value.is_empty());
    let fault =
        |key: &str| FieldError::new(pointer(&["tags", key]), "must be empty: tags are words to this cloud");
    valued.map(|(key, _)| fault(key)).collect()
}

/// Gives a thing these tags in place of those that it has; doing it twice does no more.
pub(super) async fn set(act: &Act<'_>, place: &Place, id: &str, tags: &[&str]) -> Result<Answer> {
    let path = [place.path, id, "tags"];
    act.write(Write::put(Service::Network, &path, json!({ "tags": tags }))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_no_place() {
        let tags = BTreeMap::from([("blue".to_owned(), String::new()), ("a/b".to_owned(), "1".to_owned())]);
        let faults = faults(&tags);
        let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/tags/a~1b"]);
    }
}
