//! References: from ids in commands and documents to the cloud's keys.

use gateway_core::Result;
use gateway_core::driver::Step;
use gateway_core::id::ResourceId;
use serde_json::{Map, Value};

/// Returns the native key of a resource that a command names.
///
/// # Errors
/// Internal, when it was not looked up.
pub(crate) fn key_of<'a>(step: &Step<'a>, id: ResourceId) -> Result<&'a str> {
    Ok(&step.named.get(id)?.native_key)
}

/// Returns the native keys of resources that a command names.
///
/// # Errors
/// See [`key_of`].
pub(crate) fn keys_of<'a>(step: &Step<'a>, ids: &[ResourceId]) -> Result<Vec<&'a str>> {
    ids.iter().map(|id| key_of(step, *id)).collect()
}

/// Returns the cloud's id in a reference of a document.
pub(crate) fn reference<'a>(document: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    external_id(document.get(field)?)
}

/// Returns the cloud's ids in a list of references.
pub(crate) fn references<'a>(document: &'a Map<String, Value>, field: &str) -> Vec<&'a str> {
    let list = document.get(field).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(external_id).collect()
}

fn external_id(reference: &Value) -> Option<&str> {
    reference.get("external_id")?.as_str()
}
