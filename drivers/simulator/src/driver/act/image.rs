//! What is done to images.

use gateway_core::Result;
use gateway_core::driver::Done;
use gateway_core::kind::{Command, CreateImage, Verb};
use serde_json::{Map, Value, json};

use super::Site;
use super::body::Body;

pub(super) fn body(body: Body<'_>, command: &CreateImage) -> Map<String, Value> {
    body.words(&command.name, None, &command.tags)
        .with("format", Some(command.disk_format.as_str()))
        .with("needs_disk_gb", command.min_disk_gib)
        .with("needs_memory_mb", command.min_memory_mib)
        .with("architecture", command.architecture.as_deref())
        .end()
}

/// Lets an account use the image, or ends that; what is so already stays so.
pub(super) async fn share(site: &Site<'_>) -> Result<Done> {
    let Command::ShareImage(command) = site.step.command else { return Err(site.step.unsupported()) };
    let word = if site.step.verb == Verb::Share { "share" } else { "unshare" };
    let response = site.command(word, &json!({ "account": command.external_account })).await?;
    site.done(&response)
}
