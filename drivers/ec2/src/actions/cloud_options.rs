//! `cloud_options`: further parameters of EC2. `{"Placement": {"Tenancy": "x"}}` becomes `Placement.Tenancy=x`.

use gateway_core::kind::FieldError;
use gateway_core::{Error, Result};
use serde_json::{Map, Value};

use crate::form::Form;

/// Parameters that only the gateway sets, in any spelling that a cloud may accept.
const RESERVED: [&str; 6] =
    ["Action", "Version", "DryRun", "ClientToken", "TagSpecification", "TagSpecifications"];

/// Adds options to a form.
///
/// # Errors
/// An error for each option that is no parameter, or that the gateway sets itself.
pub(crate) fn merge(form: Form, options: &Map<String, Value>) -> Result<Form, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut merged = form.clone();
    for (key, value) in options {
        let mut parameters = Vec::new();
        let detail = if !flatten(key, value, &mut parameters) {
            "must be named by letters and digits, and hold only strings, numbers, booleans, lists and objects"
        } else if is_reserved(key) || parameters.iter().any(|(name, _)| form.overlaps(name)) {
            "is set by the gateway"
        } else {
            merged = parameters.into_iter().fold(merged, |form, (name, value)| form.with(name, value));
            continue;
        };
        errors.push(FieldError::new(format!("/cloud_options/{}", escape(key)), detail));
    }
    if errors.is_empty() { Ok(merged) } else { Err(errors) }
}

/// Adds options to a form of a step, which was validated before.
///
/// # Errors
/// Invalid, at the first option that is wrong.
pub(crate) fn merge_valid(form: Form, options: &Map<String, Value>) -> Result<Form> {
    merge(form, options).map_err(|errors| {
        let first = errors.into_iter().next();
        let first = first.unwrap_or_else(|| FieldError::new("/cloud_options", "cannot be sent"));
        Error::invalid(first.detail).at(first.pointer).untouched()
    })
}

/// Escapes a member's name for a JSON pointer.
pub(crate) fn escape(member: &str) -> String {
    member.replace('~', "~0").replace('/', "~1")
}

fn is_reserved(key: &str) -> bool {
    let first = key.split('.').next().unwrap_or_default();
    RESERVED.iter().any(|word| word.eq_ignore_ascii_case(first))
}

/// Writes a value as parameters; returns false for a value that cannot be one.
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
            return numbered.fold(true, |is_valid, (at, value)| {
                is_valid && flatten(&format!("{name}.{}", at + 1), value, found)
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
        let pointers = |errors: Vec<FieldError>| errors.into_iter().map(|error| error.pointer).collect();
        merged.map(|form| form.body("v")).map_err(pointers)
    }

    #[test]
    fn objects_and_lists_become_dotted_parameters() {
        let options = json!({ "EbsOptimized": true, "NetworkInterface": [{ "AssociatePublicIpAddress": true }],
                              "Placement": { "Tenancy": "dedicated" }, "CpuOptions.CoreCount": 2 });
        assert_eq!(
            merged(options).unwrap(),
            "Action=RunInstances&Version=v&ImageId=ami-1&NetworkInterface.1.SubnetId=s&CpuOptions.CoreCount=2\
             &EbsOptimized=true&NetworkInterface.1.AssociatePublicIpAddress=true&Placement.Tenancy=dedicated"
        );
    }

    #[test]
    fn parameters_of_the_gateway_and_other_values_are_refused() {
        let options = json!({ "ImageId": "ami-2", "clienttoken": "x", "TagSpecification": [{ "ResourceType": "volume" }],
                              "NetworkInterface": [{ "SubnetId": "t" }], "DryRun": true, "Action": "x",
                              "a/b": 1, "Nothing": null, "Deep": { "x": { "y z": 1 } }, "Fine": 1 });
        let names = [
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
        assert_eq!(merged(options).unwrap_err(), names.map(|name| format!("/cloud_options/{name}")));
    }
}
