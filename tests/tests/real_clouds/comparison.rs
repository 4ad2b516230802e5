//! Comparison of the gateway's lists of one account with those of the cloud's own client.

use std::collections::BTreeMap;

use gateway_core::Kind;
use gateway_core::id::{Region, ResourceId};
use serde_json::Value;

use crate::cloud_resource::{ById, ByKind, KINDS};
use crate::environment::Account;
use crate::listings::Listings;
use crate::states;

/// Returns all differences as text. Compares ids, names and states, and finds duplicates.
pub(crate) fn differences(account: &Account, reported: &ByKind, listings: &Listings) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, _) in KINDS {
        let items = of_account(account, &listings[kind].items);
        for difference in differences_of(kind, account, &reported[kind], &items) {
            found.push(format!("{kind} of {} at {}: {difference}", account.name, account.cloud));
        }
    }
    found
}

/// Returns the number of items of each kind as text.
pub(crate) fn counts(reported: &ByKind) -> String {
    let counts = KINDS.map(|(kind, plural)| format!("{} {plural}", reported[kind].len()));
    counts.join(", ")
}

/// Returns the items of the account and those that its cloud publishes.
fn of_account<'a>(account: &Account, items: &'a [Value]) -> Vec<&'a Value> {
    let is_seen = |item: &&Value| {
        item["cloud"] == account.cloud
            && (item["account"] == account.id.as_str() || item["account"] == "global")
    };
    items.iter().filter(is_seen).collect()
}

fn differences_of(kind: &str, account: &Account, reported: &ById, items: &[&Value]) -> Vec<String> {
    let mut found = Vec::new();
    let mut by_id = BTreeMap::new();
    for item in items {
        let external_id = item["external_id"].as_str().unwrap_or_default();
        if by_id.insert(external_id, *item).is_some() {
            found.push(format!("{external_id} is listed twice"));
        }
    }
    if by_id.len() != reported.len() {
        found.push(format!("{} items, the cloud's client shows {}", by_id.len(), reported.len()));
    }
    found.extend(
        reported.keys().filter(|id| !by_id.contains_key(id.as_str())).map(|id| format!("{id} is missing")),
    );
    for (id, item) in by_id {
        let Some(shown) = reported.get(id) else {
            found.push(format!("{id} is not at the cloud: {item}"));
            continue;
        };
        let state = shown
            .cloud_state
            .as_deref()
            .map(|cloud_state| states::canonical(account.driver, kind, cloud_state));
        let expected = [
            ("name", Some(shown.name.as_str())),
            ("cloud_state", shown.cloud_state.as_deref()),
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

/// Derives the gateway id from the cloud's document.
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
    use crate::cloud_resource::CloudResource;

    #[test]
    fn each_difference_is_reported() {
        let account = Account {
            driver: "openstack",
            cloud: "stack",
            cloud_id: CloudId::generate(),
            id: "a1".to_owned(),
            external_id: "p1".to_owned(),
            name: "demo".to_owned(),
        };
        let correct = json!({
            "kind": "volume", "cloud": "stack", "region": "r1", "account": "a1", "external_id": "v1",
            "name": "data", "state": "in_use", "cloud_state": "in-use",
            "id": derived(&account, "volume", "v1", &json!({"region": "r1"})),
        });
        let shown = CloudResource { name: "data".to_owned(), cloud_state: Some("in-use".to_owned()) };
        let found = |items: Vec<Value>| {
            let mut reported: ByKind = KINDS.into_iter().map(|(kind, _)| (kind, ById::new())).collect();
            reported.insert("volume", ById::from([("v1".to_owned(), shown.clone())]));
            let mut listings: Listings = KINDS.map(|(kind, _)| (kind, Listing::default())).into();
            listings.insert("volume", Listing { items, ..Listing::default() });
            differences(&account, &reported, &listings).len()
        };
        let with = |key: &str, value: Value| {
            let mut item = correct.clone();
            item[key] = value;
            item
        };
        assert_eq!(found(vec![correct.clone()]), 0);
        assert_eq!(
            found(vec![correct.clone(), with("account", json!("other"))]),
            0,
            "an item of another account"
        );
        assert_eq!(found(vec![correct.clone(), with("account", json!("global"))]), 1, "a duplicate");
        assert_eq!(
            found(vec![correct.clone(), with("external_id", json!("v2"))]),
            2,
            "an extra item and a missing one"
        );
        assert_eq!(found(vec![]), 2, "a missing item and the count");
        for key in ["name", "state", "cloud_state", "id", "kind", "region"] {
            assert_eq!(found(vec![with(key, json!("wrong"))]), 1, "{key}");
        }
    }
}
