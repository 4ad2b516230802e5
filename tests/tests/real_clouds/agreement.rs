//! The gateway's answer for one account, item by item beside that of the cloud's own client.

use std::collections::BTreeMap;

use gateway_core::Kind;
use gateway_core::id::ResourceId;
use gateway_core::scope::Region;
use serde_json::Value;

use crate::listings::Listings;
use crate::shown::{ById, ByKind, KINDS};
use crate::stage::Account;
use crate::words;

/// What is different, in words; empty when all agree. Checks ids, names, states, and that none is there twice.
pub(crate) fn differences(account: &Account, told: &ByKind, listings: &Listings) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, _) in KINDS {
        let items = of_account(account, &listings[kind].items);
        for difference in differences_of(kind, account, &told[kind], &items) {
            found.push(format!("{kind} of {} at {}: {difference}", account.name, account.cloud));
        }
    }
    found
}

/// How many items of each kind, in words.
pub(crate) fn counts(told: &ByKind) -> String {
    let counts = KINDS.map(|(kind, plural)| format!("{} {plural}", told[kind].len()));
    counts.join(", ")
}

/// What the account holds, and what its cloud publishes to all.
fn of_account<'a>(account: &Account, items: &'a [Value]) -> Vec<&'a Value> {
    let is_seen = |item: &&Value| {
        item["cloud"] == account.cloud
            && (item["account"] == account.id.as_str() || item["account"] == "global")
    };
    items.iter().filter(is_seen).collect()
}

fn differences_of(kind: &str, account: &Account, told: &ById, items: &[&Value]) -> Vec<String> {
    let mut found = Vec::new();
    let mut by_id = BTreeMap::new();
    for item in items {
        let external_id = item["external_id"].as_str().unwrap_or_default();
        if by_id.insert(external_id, *item).is_some() {
            found.push(format!("{external_id} is there twice"));
        }
    }
    if by_id.len() != told.len() {
        found.push(format!("{} are there, the cloud's client shows {}", by_id.len(), told.len()));
    }
    found.extend(
        told.keys().filter(|id| !by_id.contains_key(id.as_str())).map(|id| format!("{id} is missing")),
    );
    for (id, item) in by_id {
        let Some(shown) = told.get(id) else {
            found.push(format!("{id} is not at the cloud: {item}"));
            continue;
        };
        let state = shown.word.as_deref().map(|word| words::canonical(account.driver, kind, word));
        let expected = [
            ("name", Some(shown.name.as_str())),
            ("cloud_state", shown.word.as_deref()),
            ("state", state),
            ("kind", Some(kind)),
            ("id", Some(&*derived(account, kind, id, item))),
        ]
        .map(|(key, value)| (key, value.map_or(Value::Null, Value::from)));
        for (key, value) in expected {
            if item[key] != value {
                found.push(format!("{key} of {id} is {}, not {value}", item[key]));
            }
        }
    }
    found
}

/// The id that everybody can derive from what the cloud says.
fn derived(account: &Account, kind: &str, external_id: &str, item: &Value) -> String {
    let region = Region::new(item["region"].as_str().unwrap_or_default());
    ResourceId::derive(account.cloud_id, &region, Kind::parse(kind).unwrap(), external_id).to_string()
}
