//! `cloud_options`: members that a client adds to a service's own document.

use gateway_core::kind::FieldError;
use serde_json::{Map, Value};

/// Returns faults for options that the gateway sets itself.
pub(super) fn validate(options: &Map<String, Value>, reserved: &[&str]) -> Vec<FieldError> {
    let faulty = options.keys().filter(|key| reserved.contains(&key.as_str()));
    faulty
        .map(|key| {
            FieldError::new(pointer(&["cloud_options", key]), "is set by the gateway itself; remove it")
        })
        .collect()
}

/// Adds the options to a service's document; its own members stay.
pub(super) fn merge(document: &mut Map<String, Value>, options: &Map<String, Value>) {
    for (key, value) in options {
        document.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// Returns the JSON pointer of a member.
pub(super) fn pointer(path: &[&str]) -> String {
    path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reserved_options_are_faults_and_do_not_replace_members() {
        let options = json!({"name": "x", "config_drive": true, "a/b": 1}).as_object().unwrap().clone();
        let found = validate(&options, &["name", "a/b"]);
        let pointers: Vec<_> = found.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/cloud_options/a~1b", "/cloud_options/name"]);
        let mut document = json!({"name": "web"}).as_object().unwrap().clone();
        merge(&mut document, &options);
        assert_eq!(Value::Object(document), json!({"name": "web", "config_drive": true, "a/b": 1}));
    }
}
