//! Events: their types, routing keys and form.

use ring::digest::{SHA256, digest};
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

/// The longest document of a resource within an event, in bytes. A longer document is replaced by a link. A higher limit
/// spares readers a request; a lower one bounds the memory of those that hold many events at once.
pub const MAX_DOCUMENT: usize = 256 << 10;

/// The longest word of a routing key, in bytes. Five words stay below AMQP's limit of 255 bytes: two of this length, an
/// account of 36, a kind and a change. A higher limit would not fit; a lower one would cut more names.
const MAX_WORD: usize = 80;

/// The bytes of the digest at the end of a word that was cut.
const DIGEST: usize = 8;

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
///
/// A word of more than 80 bytes is cut to 63 bytes, `-`, and the first 16 hexadecimal digits of the SHA-256 of the whole
/// name, so that names that differ only behind the cut have different words.
pub fn word(name: &str) -> String {
    if name.is_empty() {
        return "_".to_owned();
    }
    let fit = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '_' };
    let mut word: String = name.chars().map(fit).collect();
    if word.len() > MAX_WORD {
        // Every character of a word is one byte.
        word.truncate(MAX_WORD - 2 * DIGEST - 1);
        word.push('-');
        word.push_str(&hex::encode(&digest(&SHA256, name.as_bytes()).as_ref()[..DIGEST]));
    }
    word
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
    use crate::id::AccountId;

    #[test]
    fn routing_key_has_five_words() {
        let key = routing_key(Holder::Global, "My Cloud.1", &Region::new("RegionOne"), "image", "created");
        assert_eq!(key, "global.my_cloud_1.regionone.image.created");
        assert_eq!(key.split('.').count(), 5);
        assert_eq!(word(""), "_");
    }

    #[test]
    fn words_of_long_names_are_cut_and_end_with_a_digest() {
        let fits = "r".repeat(80);
        assert_eq!(word(&fits), fits);
        let long = "R".repeat(127);
        let expected = format!("{}-{}", "r".repeat(63), "0166538db61d841f");
        assert_eq!(word(&long), expected, "the word of a name is a promise to subscribers");
        assert_ne!(word(&format!("{long}1")), word(&format!("{long}2")));
        assert_eq!(word(&"\u{fc}".repeat(100)).len(), 80);
    }

    #[test]
    fn routing_key_of_the_longest_names_fits_amqp() {
        let holder = Holder::Account(AccountId::generate());
        let longest = crate::kind::ALL.iter().map(|spec| spec.kind.as_str()).max_by_key(|kind| kind.len());
        let (name, region) = ("c".repeat(1000), Region::new("r".repeat(1000)));
        let key = routing_key(holder, &name, &region, longest.unwrap(), Change::StateChanged.as_str());
        assert!(key.len() <= 255, "{} bytes", key.len());
        assert_eq!(key.split('.').count(), 5);
    }
}
