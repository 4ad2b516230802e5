//! The gateway's answer for one account, item by item beside that of the cloud's own client.

use std::collections::BTreeMap;

use gateway_core::Kind;
use gateway_core::id::{Region, ResourceId};
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

#[cfg(test)]
mod tests {
    use gateway_core::id::CloudId;
    use gateway_tests::Listing;
    use serde_json::json;

    use super::*;
    use crate::shown::Shown;

    #[test]
    fn every_way_to_disagree_is_told() {
        let account = Account {
            driver: "openstack",
            cloud: "stack",
            cloud_id: CloudId::generate(),
            id: "a1".to_owned(),
            external_id: "p1".to_owned(),
            name: "demo".to_owned(),
        };
        let right = json!({
            "kind": "volume", "cloud": "stack", "region": "r1", "account": "a1", "external_id": "v1",
            "name": "data", "state": "in_use", "cloud_state": "in-use",
            "id": derived(&account, "volume", "v1", &json!({"region": "r1"})),
        });
        let shown = Shown { name: "data".to_owned(), word: Some("in-use".to_owned()) };
        let found = |items: Vec<Value>| {
            let mut told: ByKind = KINDS.into_iter().map(|(kind, _)| (kind, ById::new())).collect();
            told.insert("volume", ById::from([("v1".to_owned(), shown.clone())]));
            let mut listings: Listings = KINDS.map(|(kind, _)| (kind, Listing::default())).into();
            listings.insert("volume", Listing { items, ..Listing::default() });
            differences(&account, &told, &listings).len()
        };
        let with = |key: &str, value: Value| {
            let mut item = right.clone();
            item[key] = value;
            item
        };
        assert_eq!(found(vec![right.clone()]), 0);
        assert_eq!(found(vec![right.clone(), with("account", json!("other"))]), 0, "of another account");
        assert_eq!(found(vec![right.clone(), with("account", json!("global"))]), 1, "twice");
        assert_eq!(found(vec![right.clone(), with("external_id", json!("v2"))]), 2, "one too many");
        assert_eq!(found(vec![]), 2, "missing, and the count");
        for key in ["name", "state", "cloud_state", "id", "kind", "region"] {
            assert_eq!(found(vec![with(key, json!("wrong"))]), 1, "{key}");
        }
    }
}
