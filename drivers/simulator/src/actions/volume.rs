//! Commands of volumes.

use gateway_core::driver::{Done, Touched};
use gateway_core::kind::{Command, CreateVolume};
use gateway_core::{ErrorKind, Kind, Result};
use serde_json::{Map, Value, json};

use super::body::Body;
use super::site::Site;

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateVolume) -> Result<Map<String, Value>> {
    let body = body
        .metadata(&command.name, command.description.as_deref(), &command.tags)
        .with("size_gb", command.size_gib)
        .with("zone", command.datacenter.as_deref())
        .with_id("class", command.volume_type)?
        .with_id("snapshot", command.snapshot)?
        .with_id("image", command.image)?
        .with_id("volume", command.volume)?;
    Ok(body.finish())
}

/// Extends the volume.
pub(crate) async fn extend(site: &Site<'_>) -> Result<Done> {
    let Command::Extend(command) = site.step.command else { return Err(site.step.unsupported()) };
    let target = site.step.target()?;
    // A repetition of a successful extend is refused, because the volume has the size already.
    let size = target.document.get("size_gib").and_then(Value::as_u64);
    match site.command("grow", &json!({ "size_gb": command.size_gib })).await {
        Ok(response) => site.done(&response),
        Err(error)
            if error.kind() == ErrorKind::Invalid && size.is_none_or(|size| size < command.size_gib) =>
        {
            match site.has_size(command.size_gib).await? {
                true => Ok(Done {
                    touched: vec![Touched::new(Kind::Volume, target.native_key.as_str())],
                    ..Done::default()
                }),
                false => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

impl Site<'_> {
    /// Returns whether the target has a size already.
    async fn has_size(&self, gigabytes: u64) -> Result<bool> {
        let path = ["v1", self.region.as_str(), Kind::Volume.spec().plural, self.target()?];
        let document: Value = self.client.get(&path, &[]).await?.json()?;
        Ok(document["size_gb"].as_u64() == Some(gigabytes))
    }
}
