//! Events: their types, routing keys and form.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::id::{EventId, Holder, Region};

/// A change of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The resource was seen for the first time.
    Created,
    /// A field other than the state changed.
    Changed,
    /// The state changed, and possibly other fields.
    StateChanged,
    /// The resource is proven gone.
    Deleted,
}

impl Change {
    /// Returns the word in types and routing keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::StateChanged => "state_changed",
            Self::Deleted => "deleted",
        }
    }
}

/// The name of the exchange on which events are published.
pub const EXCHANGE: &str = "gateway.events";

/// The CloudEvents `type` of a change of grants. A subscriber that gets it lists again.
pub const GRANT_CHANGED: &str = "gateway.grant.changed";

/// Returns the CloudEvents `type` of a resource's change.
pub fn resource_type(change: Change) -> String {
    format!("gateway.resource.{}", change.as_str())
}

/// Returns the routing key `account.cloud.region.kind.event`, each word `[a-z0-9_-]+`.
pub fn routing_key(holder: Holder, cloud: &str, region: &Region, kind: &str, event: &str) -> String {
    format!("{holder}.{}.{}.{}.{}", word(cloud), word(region.as_str()), word(kind), word(event))
}

/// Turns a name into one word of a routing key: lower case, with `_` for characters outside of `[a-z0-9_-]`.
pub fn word(name: &str) -> String {
    if name.is_empty() {
        return "_".to_owned();
    }
    let fit = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '_' };
    name.chars().map(fit).collect()
}

/// Returns a CloudEvents 1.0 document in structured JSON.
pub fn cloud_event(
    id: EventId,
    source: &str,
    kind: &str,
    time: Timestamp,
    subject: &str,
    data: &Value,
) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": kind,
        "time": time,
        "subject": subject,
        "datacontenttype": "application/json",
        "data": data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routing_key_has_five_words() {
        let key = routing_key(Holder::Global, "My Cloud.1", &Region::new("RegionOne"), "image", "created");
        assert_eq!(key, "global.my_cloud_1.regionone.image.created");
        assert_eq!(key.split('.').count(), 5);
        assert_eq!(word(""), "_");
    }
}
