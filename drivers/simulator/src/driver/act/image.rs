//! What is done to images.

use gateway_core::Result;
use gateway_core::driver::Done;
use gateway_core::order::{CreateImage, Order};
use gateway_core::verb::Verb;
use serde_json::{Map, Value, json};

use super::Site;
use super::body::Body;

pub(super) fn body(body: Body<'_>, order: &CreateImage) -> Map<String, Value> {
    body.words(&order.name, None, &order.tags)
        .with("format", Some(order.disk_format.as_str()))
        .with("needs_disk_gb", order.min_disk_gib)
        .with("needs_memory_mb", order.min_memory_mib)
        .with("architecture", order.architecture.as_deref())
        .end()
}

/// Lets an account use the image, or ends that; what is so already stays so.
pub(super) async fn share(site: &Site<'_>) -> Result<Done> {
    let Order::ShareImage(order) = site.step.order else { return Err(site.step.unsupported()) };
    let word = if site.step.verb == Verb::Share { "share" } else { "unshare" };
    let response = site.order(word, &json!({ "account": order.external_account })).await?;
    site.done(&response)
}
