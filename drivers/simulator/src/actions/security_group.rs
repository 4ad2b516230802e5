//! Commands of security groups.

use gateway_core::kind::CreateSecurityGroup;
use serde_json::{Map, Value};

use super::body::Body;

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateSecurityGroup) -> Map<String, Value> {
    body.metadata(&command.name, command.description.as_deref(), &command.tags).finish()
}
