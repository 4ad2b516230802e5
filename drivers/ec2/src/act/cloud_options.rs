//! EC2's own parameters beside those of the gateway: `{"Placement": {"Tenancy": "x"}}` is `Placement.Tenancy=x`.

use gateway_core::kind::FieldError;
use gateway_core::{Error, Result};
use serde_json::{Map, Value};

use super::faults::escape;
use crate::form::Form;

/// What makes an order the gateway's, in any spelling that a cloud may take.
const RESERVED: [&str; 6] =
    ["Action", "Version", "DryRun", "ClientToken", "TagSpecification", "TagSpecifications"];

/// Adds options to a form.
///
/// # Errors
/// One fault for each option that is none, or that meets what the gateway sets.
pub(crate) fn merge(form: Form, options: &Map<String, Value>) -> Result<Form, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut merged = form.clone();
    for (key, value) in options {
        let mut parameters = Vec::new();
        let what = if !flatten(key, value, &mut parameters) {
            "is not a parameter: a name of letters and digits, with texts, numbers, flags, lists and objects of these"
        } else if is_reserved(key) || parameters.iter().any(|(name, _)| form.meets(name)) {
            "is set by the gateway"
        } else {
            merged = parameters.into_iter().fold(merged, |form, (name, value)| form.with(name, value));
            continue;
        };
        faults.push(FieldError::new(format!("/cloud_options/{}", escape(key)), what));
    }
    if faults.is_empty() { Ok(merged) } else { Err(faults) }
}

/// Adds options in a step, whose faults were looked for before.
///
/// # Errors
/// Invalid, at the first option that does not go.
pub(crate) fn merge_or_refuse(form: Form, options: &Map<String, Value>) -> Result<Form> {
    merge(form, options).map_err(|faults| {
        let fault =
            faults.into_iter().next().unwrap_or_else(|| FieldError::new("/cloud_options", "cannot be sent"));
        Error::invalid(fault.detail).at(fault.pointer).untouched()
    })
}

fn is_reserved(key: &str) -> bool {
    let first = key.split('.').next().unwrap_or_default();
    RESERVED.iter().any(|word| word.eq_ignore_ascii_case(first))
}

/// Writes a value as parameters; false for what cannot be one.
fn flatten(name: &str, value: &Value, found: &mut Vec<(String, String)>) -> bool {
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !name.split('.').all(is_word) {
        return false;
    }
    match value {
        Value::Null => return false,
        Value::Bool(flag) => found.push((name.to_owned(), flag.to_string())),
        Value::Number(number) => found.push((name.to_owned(), number.to_string())),
        Value::String(text) => found.push((name.to_owned(), text.clone())),
        Value::Array(values) => {
            let numbered = values.iter().enumerate();
            return numbered.fold(true, |fine, (at, value)| {
                fine && flatten(&format!("{name}.{}", at + 1), value, found)
            });
        }
        Value::Object(members) => {
            return members.iter().all(|(member, value)| flatten(&format!("{name}.{member}"), value, found));
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(options: Value) -> Result<String, Vec<String>> {
        let form =
            Form::new("RunInstances").with("ImageId", "ami-1").with("NetworkInterface.1.SubnetId", "s");
        let merged = merge(form, options.as_object().unwrap());
        let places = |faults: Vec<FieldError>| faults.into_iter().map(|fault| fault.pointer).collect();
        merged.map(|form| form.body("v")).map_err(places)
    }

    #[test]
    fn objects_and_lists_become_the_names_of_parameters() {
        let options = json!({ "EbsOptimized": true, "NetworkInterface": [{ "AssociatePublicIpAddress": true }],
                              "Placement": { "Tenancy": "dedicated" }, "CpuOptions.CoreCount": 2 });
        assert_eq!(
            merged(options).unwrap(),
            "Action=RunInstances&Version=v&ImageId=ami-1&NetworkInterface.1.SubnetId=s&CpuOptions.CoreCount=2\
             &EbsOptimized=true&NetworkInterface.1.AssociatePublicIpAddress=true&Placement.Tenancy=dedicated"
        );
    }

    #[test]
    fn what_the_gateway_sets_is_not_to_be_had() {
        let options = json!({ "ImageId": "ami-2", "clienttoken": "x", "TagSpecification": [{ "ResourceType": "volume" }],
                              "NetworkInterface": [{ "SubnetId": "t" }], "DryRun": true, "Action": "x",
                              "a/b": 1, "Nothing": null, "Deep": { "x": { "y z": 1 } }, "Fine": 1 });
        let places = [
            "Action",
            "Deep",
            "DryRun",
            "ImageId",
            "NetworkInterface",
            "Nothing",
            "TagSpecification",
            "a~1b",
            "clienttoken",
        ];
        assert_eq!(merged(options).unwrap_err(), places.map(|place| format!("/cloud_options/{place}")));
    }
}
