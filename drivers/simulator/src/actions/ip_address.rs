//! Commands of public addresses.

use gateway_core::Result;
use gateway_core::kind::CreateIpAddress;
use serde_json::{Map, Value};

use super::body::Body;

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateIpAddress) -> Result<Map<String, Value>> {
    let body = body.metadata("", command.description.as_deref(), &command.tags);
    Ok(body.with_id("network", command.network)?.finish())
}
