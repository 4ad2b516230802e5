//! An event as an observer of it keeps it.

use anyhow::{Context as _, Result};
use gateway_core::Timestamp;
use serde_json::Value;

/// Whose versions count together: the same resource may be kept for several holders.
pub(crate) type Record = (String, String);

/// What of an event the verdict needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) position: i64,
    pub(crate) at: Timestamp,
    /// `created`, `changed`, `state_changed`, `deleted`; for grants, which are of no record, `grant`.
    pub(crate) change: String,
    pub(crate) record: Record,
    pub(crate) version: i64,
    pub(crate) old_state: Option<String>,
    pub(crate) new_state: Option<String>,
    /// The resource after the change.
    pub(crate) seen: Option<Seen>,
}

/// What of a resource can be compared with the cloud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) kind: String,
    pub(crate) external_id: String,
    /// Published by the cloud to all, and not an account's own.
    pub(crate) published: bool,
    /// The cloud's own word; instance types have none.
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
            seen: (!resource.is_null()).then(|| Seen::read(resource)).transpose()?,
        })
    }

    pub(crate) fn is_grant(&self) -> bool {
        self.change == "grant"
    }
}

impl Seen {
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
