//! Commands of images.

use gateway_core::Result;
use gateway_core::driver::Done;
use gateway_core::kind::{Command, CreateImage, Verb};
use serde_json::{Map, Value, json};

use super::body::Body;
use super::site::Site;

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateImage) -> Map<String, Value> {
    body.metadata(&command.name, None, &command.tags)
        .with("format", Some(command.disk_format.as_str()))
        .with("needs_disk_gb", command.min_disk_gib)
        .with("needs_memory_mb", command.min_memory_mib)
        .with("architecture", command.architecture.as_deref())
        .finish()
}

/// Shares the image with an account or ends the share; a repetition succeeds.
pub(crate) async fn share(site: &Site<'_>) -> Result<Done> {
    let Command::ShareImage(command) = site.step.command else { return Err(site.step.unsupported()) };
    let word = if site.step.verb == Verb::Share { "share" } else { "unshare" };
    let response = site.command(word, &json!({ "account": command.external_account })).await?;
    site.done(&response)
}
