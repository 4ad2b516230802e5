//! The stored documents that a command is checked against.

use std::fmt;

use serde_json::{Map, Value};

use crate::id::ResourceId;

/// The documents of a command's target and of the resources that the command names.
#[derive(Clone, Copy)]
pub struct Documents<'a> {
    target: Option<&'a Map<String, Value>>,
    named: &'a dyn Fn(ResourceId) -> Option<&'a Map<String, Value>>,
}

impl<'a> Documents<'a> {
    /// Collects the target's document and a look-up of the others.
    pub fn new(
        target: Option<&'a Map<String, Value>>,
        named: &'a dyn Fn(ResourceId) -> Option<&'a Map<String, Value>>,
    ) -> Self {
        Self { target, named }
    }

    /// Returns a whole number in the target's document.
    pub(super) fn target_number(&self, field: &str) -> Option<u64> {
        number(self.target?, field)
    }

    /// Returns a whole number in the document of a named resource.
    pub(super) fn number(&self, id: Option<ResourceId>, field: &str) -> Option<u64> {
        number((self.named)(id?)?, field)
    }
}

impl fmt::Debug for Documents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents").field("target", &self.target).finish_non_exhaustive()
    }
}

fn number(document: &Map<String, Value>, field: &str) -> Option<u64> {
    document.get(field).and_then(Value::as_u64)
}
