//! What is done to images.

use gateway_core::order::CreateImage;
use serde_json::{Map, Value};

use super::body::Body;

pub(super) fn body(body: Body<'_>, order: &CreateImage) -> Map<String, Value> {
    body.words(&order.name, None, &order.tags)
        .with("format", Some(order.disk_format.as_str()))
        .with("needs_disk_gb", order.min_disk_gib)
        .with("needs_memory_mb", order.min_memory_mib)
        .with("architecture", order.architecture.as_deref())
        .end()
}
