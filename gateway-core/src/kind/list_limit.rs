//! Limits of the lists in the bodies of verbs, so that a body cannot name any number of resources.

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// The most security groups of one resource. No known cloud allows more by default; a higher number lets one command look
/// up more resources.
pub(super) const MOST_SECURITY_GROUPS: usize = 64;

/// The limit of one list in a body.
#[derive(Clone, Copy, Debug)]
pub struct ListLimit {
    /// The field of the body.
    pub field: &'static str,
    /// The most items.
    pub most: usize,
}

impl ListLimit {
    /// Limits the list in a field.
    pub(super) const fn new(field: &'static str, most: usize) -> Self {
        Self { field, most }
    }

    /// Returns whether the list in a body is too long.
    pub(super) fn is_exceeded(self, body: &Value) -> bool {
        body.get(self.field).and_then(Value::as_array).is_some_and(|list| list.len() > self.most)
    }

    /// Writes the limit into the schema of the body.
    pub(super) fn describe(self, body: &mut RefOr<Schema>) {
        if let RefOr::T(Schema::Object(object)) = body
            && let Some(RefOr::T(Schema::Array(list))) = object.properties.get_mut(self.field)
        {
            list.max_items = Some(self.most);
        }
    }
}
