//! Commands of snapshots.

use gateway_core::Result;
use gateway_core::kind::CreateVolumeSnapshot;
use serde_json::{Map, Value};

use super::body::Body;

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateVolumeSnapshot) -> Result<Map<String, Value>> {
    let body = body.metadata(&command.name, command.description.as_deref(), &command.tags);
    Ok(body.with_id("volume", Some(command.volume))?.finish())
}
