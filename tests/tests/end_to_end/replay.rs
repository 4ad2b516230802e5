//! A follower that starts with a list and then applies events only.

use std::collections::BTreeMap;

use gateway_tests::Listing;
use serde_json::Value;

/// Records of one kind by id and account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Replay {
    kind: &'static str,
    held: BTreeMap<(String, String), Value>,
    /// Versions of all records, also deleted ones, so that late and repeated events are dropped.
    versions: BTreeMap<(String, String), i64>,
}

impl Replay {
    /// Returns a replay that starts with a list.
    pub(crate) fn of(kind: &'static str, listing: &Listing) -> Self {
        let key = |item: &Value| (text(item, "id"), text(item, "account"));
        let held: BTreeMap<_, _> = listing.items.iter().map(|item| (key(item), item.clone())).collect();
        let versions = held.iter().map(|(key, item)| (key.clone(), item["version"].as_i64().unwrap()));
        Self { kind, versions: versions.collect(), held }
    }

    /// Applies an event, or drops it if it is not newer. Panics if a version is missing.
    pub(crate) fn apply(&mut self, event: &Value) {
        let data = &event["data"];
        if data["kind"] != self.kind {
            return;
        }
        let key = (text(event, "subject"), text(data, "account"));
        let version = data["version"].as_i64().unwrap();
        match self.versions.get(&key) {
            Some(held) if version <= *held => return,
            Some(held) => assert_eq!(version, held + 1, "a gap before {event}"),
            None => assert_eq!(event["type"], "gateway.resource.created", "unknown before: {event}"),
        }
        self.versions.insert(key.clone(), version);
        match &data["resource"] {
            Value::Null => {
                assert_eq!(event["type"], "gateway.resource.deleted", "{event}");
                self.held.remove(&key);
            }
            resource => {
                self.held.insert(key, resource.clone());
            }
        }
    }

    /// Returns the records.
    pub(crate) fn held(&self) -> &BTreeMap<(String, String), Value> {
        &self.held
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}
