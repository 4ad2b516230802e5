//! Events as observers keep them.

use anyhow::{Context as _, Result};
use gateway_core::Timestamp;
use serde_json::Value;

/// Account and resource id: a resource has one record per holder.
pub(crate) type Record = (String, String);

/// The fields of an event that the checks need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) position: i64,
    pub(crate) at: Timestamp,
    /// `created`, `changed`, `state_changed` or `deleted`; `grant` for grants, which have no record.
    pub(crate) change: String,
    pub(crate) record: Record,
    pub(crate) version: i64,
    pub(crate) old_state: Option<String>,
    pub(crate) new_state: Option<String>,
    /// The resource after the change.
    pub(crate) resource: Option<ResourceState>,
}

/// The fields of a resource that can be compared with the cloud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResourceState {
    pub(crate) kind: String,
    pub(crate) external_id: String,
    /// Whether the cloud publishes the resource to all accounts.
    pub(crate) published: bool,
    /// The state word of the cloud; instance types have none.
    pub(crate) status: Option<String>,
}

impl Event {
    /// Reads an EVENT document.
    pub(crate) fn read(document: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let need = |value: &Value| text(value).with_context(|| format!("not an event: {document}"));
        let data = &document["data"];
        let kind = need(&document["type"])?;
        let resource = &data["resource"];
        Ok(Self {
            id: need(&document["id"])?,
            position: data["position"].as_i64().with_context(|| format!("no position: {document}"))?,
            at: serde_json::from_value(document["time"].clone())?,
            change: kind.strip_prefix("gateway.resource.").unwrap_or("grant").to_owned(),
            record: (need(&data["account"])?, need(&document["subject"])?),
            version: data["version"].as_i64().unwrap_or_default(),
            old_state: text(&data["old_state"]),
            new_state: text(&data["new_state"]),
            resource: (!resource.is_null()).then(|| ResourceState::read(resource)).transpose()?,
        })
    }

    pub(crate) fn is_grant(&self) -> bool {
        self.change == "grant"
    }
}

impl ResourceState {
    /// Reads a RESOURCE document.
    pub(crate) fn read(resource: &Value) -> Result<Self> {
        let text = |key: &str| resource[key].as_str().map(str::to_owned);
        let need = |key: &str| text(key).with_context(|| format!("no {key}: {resource}"));
        Ok(Self {
            kind: need("kind")?,
            external_id: need("external_id")?,
            published: need("account")? == "global",
            status: text("cloud_state"),
        })
    }
}
