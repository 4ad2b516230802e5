//! Parsing of request bodies.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::cloud::refusal::Refusal;

/// Parses the members of a body that belong to one kind or command.
pub(crate) fn parse<T: DeserializeOwned>(request: Map<String, Value>) -> Result<T, Refusal> {
    T::deserialize(Value::Object(request)).map_err(|error| Refusal::invalid(error.to_string()))
}
