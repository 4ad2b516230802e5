//! Bodies of verbs: their form, and checks without a call.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::documents::Documents;
use super::list_limit::ListLimit;
use super::named::Named;

/// A schema for the API document with those that it names, each with its name.
pub type Schemas = Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>;

/// An error in one field of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field, as a JSON pointer.
    pub pointer: String,
    /// The rule that it breaks, for the sender.
    pub detail: String,
}

impl FieldError {
    /// Makes the error of one field.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// The body of one verb.
pub(super) trait Body: DeserializeOwned + ToSchema + 'static {
    /// The resources that the body names.
    const NAMES: &'static [Named];
    /// The limits of all lists in the body.
    const LISTS: &'static [ListLimit] = &[];
    /// Returns the errors that the body alone shows, besides those of its form.
    fn errors(&self) -> FieldErrors;
    /// Returns the errors that only the documents of its target and of named resources show.
    fn errors_against(&self, documents: &Documents<'_>) -> FieldErrors {
        let _ = documents;
        FieldErrors::default()
    }
}

/// Collects errors of fields.
#[derive(Debug, Default)]
pub(super) struct FieldErrors(pub(super) Vec<FieldError>);

/// The longest name that is passed on: the longest that every cloud accepts.
pub(super) const LONGEST_NAME: usize = 255;

/// The most tags of one resource: EC2's limit. More would enlarge the index of search terms.
const MOST_TAGS: usize = 50;

impl FieldErrors {
    /// Adds an error unless the condition holds.
    pub(super) fn unless(mut self, fine: bool, pointer: &str, detail: impl Into<String>) -> Self {
        if !fine {
            self.0.push(FieldError::new(pointer, detail));
        }
        self
    }

    /// Checks a name.
    pub(super) fn name(self, name: &str) -> Self {
        let fine = !name.trim().is_empty()
            && name.chars().count() <= LONGEST_NAME
            && !name.chars().any(char::is_control);
        self.unless(fine, "/name", "must be 1 to 255 characters, none of them a control character")
    }

    /// Checks a description.
    pub(super) fn description(self, description: Option<&String>) -> Self {
        let fine = description.is_none_or(|text| text.chars().count() <= 200);
        self.unless(fine, "/description", "must be at most 200 characters")
    }

    /// Checks tags.
    pub(super) fn tags(mut self, tags: &BTreeMap<String, String>) -> Self {
        self = self.unless(tags.len() <= MOST_TAGS, "/tags", "must be at most 50");
        for (key, value) in tags {
            let pointer = format!("/tags/{}", escaped(key));
            let fine = !key.is_empty() && key.chars().count() <= 127 && value.chars().count() <= 255;
            self = self
                .unless(fine, &pointer, "must have a key of 1 to 127 and a value of at most 255 characters")
                .unless(key != crate::marker::MARKER_KEY, &pointer, "is reserved for the gateway");
        }
        self
    }

    /// Checks an address range.
    pub(super) fn cidr(self, pointer: &str, cidr: &str) -> Self {
        self.unless(
            cidr.parse::<ipnet::IpNet>().is_ok(),
            pointer,
            "must be an address range such as `10.0.0.0/24`",
        )
    }

    /// Checks an address.
    pub(super) fn address(self, pointer: &str, address: &str) -> Self {
        self.unless(address.parse::<std::net::IpAddr>().is_ok(), pointer, "must be an IP address")
    }
}

/// Reads and checks a body.
///
/// # Errors
/// The fields that are wrong; their values are not quoted, because they may be secrets.
pub(super) fn read<B: Body>(body: Value) -> Result<B, Vec<FieldError>> {
    let errors = overlong_lists(B::LISTS, &body);
    if !errors.is_empty() {
        return Err(errors);
    }
    let body: B = serde_path_to_error::deserialize(body).map_err(|error| vec![form_error(&error)])?;
    let FieldErrors(errors) = body.errors();
    if errors.is_empty() { Ok(body) } else { Err(errors) }
}

/// Returns the errors of the lists in a body that are too long.
pub(super) fn overlong_lists(limits: &[ListLimit], body: &Value) -> Vec<FieldError> {
    let exceeded = limits.iter().filter(|limit| limit.is_exceeded(body));
    let rule = |limit: &ListLimit| format!("must have at most {} items", limit.most);
    exceeded.map(|limit| FieldError::new(format!("/{}", limit.field), rule(limit))).collect()
}

/// Reads the body of a verb that takes none.
///
/// # Errors
/// The first member, as unknown.
pub(super) fn read_nothing(body: &Value) -> Result<(), Vec<FieldError>> {
    match body {
        Value::Null => Ok(()),
        Value::Object(members) => match members.keys().next() {
            None => Ok(()),
            Some(member) => {
                Err(vec![FieldError::new(format!("/{}", escaped(member)), "is not a known field")])
            }
        },
        _ => Err(vec![FieldError::new("", "must be an object or empty")]),
    }
}

/// Turns serde's error into one that quotes no value.
fn form_error(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let pointer: String = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
            serde_path_to_error::Segment::Map { key } => Some(format!("/{}", escaped(key))),
            _ => None,
        })
        .collect();
    let text = error.inner().to_string();
    let rules = [
        ("missing field", "is required"),
        ("unknown field", "is not a known field"),
        ("duplicate field", "is given twice"),
    ];
    let Some((_, detail)) = rules.iter().find(|(start, _)| text.starts_with(start)) else {
        return FieldError::new(pointer, type_rule(&text));
    };
    // serde names an unknown field at the end of the path too, and the others in the text alone.
    let field = format!("/{}", escaped(text.split('`').nth(1).unwrap_or_default()));
    let is_in_path = text.starts_with("unknown field") && pointer.ends_with(&field);
    FieldError::new(if is_in_path { pointer } else { pointer + &field }, *detail)
}

/// Returns the rule that a value of another type breaks, from the end of serde's text, which does not quote the value.
fn type_rule(text: &str) -> String {
    let expected = text.rsplit_once("expected ").map_or("", |(_, expected)| expected);
    let rule = match expected {
        _ if text.starts_with("unknown variant") => return format!("must be {expected}"),
        _ if text.starts_with("UUID parsing failed") || expected.contains("UUID") => {
            "must be the id of a resource"
        }
        "u8" | "u16" | "u32" | "u64" => "must be a whole number in its range, not negative",
        "a string" => "must be a string",
        "a boolean" => "must be true or false",
        "a sequence" => "must be an array",
        "a map" => "must be an object",
        _ if expected.starts_with("struct") => "must be an object",
        _ => "does not have the documented type",
    };
    rule.to_owned()
}

/// Escapes a name for a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_address_range_is_refused() {
        let errors = |cidr| FieldErrors::default().cidr("/cidr", cidr).0;
        for fine in ["10.0.0.0/24", "0.0.0.0/0", "fd00::/8"] {
            assert!(errors(fine).is_empty(), "{fine}");
        }
        for other in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/-1", ""] {
            assert_eq!(errors(other).len(), 1, "{other}");
        }
    }
}
