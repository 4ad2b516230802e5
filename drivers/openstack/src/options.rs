//! What a caller adds to an order in the cloud's own words.

use gateway_core::kind::FieldError;
use serde_json::{Map, Value};

/// Faults for options by which a caller would say what the gateway itself says.
pub(crate) fn faults(options: &Map<String, Value>, gateways: &[&str]) -> Vec<FieldError> {
    let taken = options.keys().filter(|key| gateways.contains(&key.as_str()));
    taken
        .map(|key| FieldError::new(pointer(&["cloud_options", key]), "is said by the gateway itself"))
        .collect()
}

/// Adds the options to a service's own document.
pub(crate) fn merge(document: &mut Map<String, Value>, options: &Map<String, Value>) {
    for (key, value) in options {
        document.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// The place of a member, as a JSON pointer.
pub(crate) fn pointer(path: &[&str]) -> String {
    path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_gateway_says_stays() {
        let options = json!({"name": "x", "config_drive": true, "a/b": 1}).as_object().unwrap().clone();
        let found = faults(&options, &["name", "a/b"]);
        let places: Vec<_> = found.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/cloud_options/a~1b", "/cloud_options/name"]);
        let mut document = json!({"name": "web"}).as_object().unwrap().clone();
        merge(&mut document, &options);
        assert_eq!(Value::Object(document), json!({"name": "web", "config_drive": true, "a/b": 1}));
    }
}
