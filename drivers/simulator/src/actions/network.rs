//! Commands of networks.

use gateway_core::kind::CreateNetwork;
use serde_json::{Map, Value};

use super::body::Body;

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateNetwork) -> Map<String, Value> {
    body.metadata(&command.name, command.description.as_deref(), &command.tags).finish()
}
