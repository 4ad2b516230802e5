//! The comparison itself: each record on either side, each field of the schema, and nothing passed over.

use std::collections::{BTreeMap, BTreeSet};

use gateway_core::document::rendering::COMMON;
use gateway_core::kind::Kind;
use serde_json::{Map, Value};

use super::how::{Client, How, Told};

/// Documents of one kind by native key.
pub(super) type Listed = BTreeMap<String, Map<String, Value>>;

/// The fields that a value was compared in.
#[derive(Default)]
pub(crate) struct Met(BTreeSet<(&'static str, &'static str)>);

impl Met {
    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The rows by which only emptiness was compared, though there could be more, in the order of the tables.
    pub(super) fn unmet(
        &self,
        tables: impl Iterator<Item = &'static Told>,
    ) -> Vec<(&'static str, &'static str)> {
        let rows = tables.flat_map(|told| told.rows.iter().map(|(field, how)| (told.kind, *field, how)));
        let open = rows.filter(|(.., how)| !matches!(how, How::Nothing(_)));
        open.map(|(kind, field, _)| (kind, field)).filter(|row| !self.0.contains(row)).collect()
    }
}

/// What the gateway and the client disagree in, one line each.
pub(super) fn disagreements(told: &Told, listed: &Listed, client: &Client, met: &mut Met) -> Vec<String> {
    let kind = told.kind;
    let mut found = unlike_the_schema(told);
    let mut records = BTreeMap::new();
    for record in (told.records)(client) {
        let key = (told.native_key)(&record, client);
        if records.insert(key.clone(), record).is_some() {
            found.push(format!("{kind} {key}: the client has it twice"));
        }
    }
    let extra = listed.keys().filter(|key| !records.contains_key(*key));
    found.extend(extra.map(|key| format!("{kind} {key}: only the gateway has it")));
    for (key, record) in &records {
        let Some(document) = listed.get(key) else {
            found.push(format!("{kind} {key}: only the client has it"));
            continue;
        };
        for (field, how) in told.rows {
            let is = document.get(*field).unwrap_or(&Value::Null);
            let expected = match how.expected(record, client) {
                Ok(expected) => expected,
                Err(_) if is_empty(is) => continue,
                Err(reason) => {
                    found.push(format!("{kind} {key}: {field} is {is}, though empty because: {reason}"));
                    continue;
                }
            };
            if *is != expected {
                found.push(format!("{kind} {key}: {field} is {is}, and {expected} by the client"));
            }
            if !is_empty(&expected) {
                met.0.insert((kind, field));
            }
        }
    }
    found
}

/// Each field has one row, and each row a field.
fn unlike_the_schema(told: &Told) -> Vec<String> {
    let spec = Kind::parse(told.kind).unwrap().spec();
    let schema = serde_json::to_value(&(spec.schema)()[0].1).unwrap();
    let own = schema["properties"].as_object().unwrap().keys().map(String::as_str);
    let fields: BTreeSet<&str> = own.chain(COMMON).collect();
    let mut named = BTreeSet::new();
    let twice = told.rows.iter().filter(|(field, _)| !named.insert(*field));
    let mut found: Vec<_> = twice.map(|(field, _)| format!("{}: {field} has two rows", told.kind)).collect();
    found.extend(fields.difference(&named).map(|field| format!("{}: {field} has no row", told.kind)));
    found.extend(named.difference(&fields).map(|field| format!("{}: {field} is no field", told.kind)));
    found
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::id::Region;
    use serde_json::json;

    use super::*;
    use crate::fields::tables;
    use crate::spec;

    /// What the client says of one key, and the same key as the gateway lists it.
    fn agreeing() -> (Value, Listed) {
        let key = json!({ "name": "k", "fingerprint": "12:34", "public_key": "ssh-rsa AAAA", "type": "ssh" });
        let answer = json!({ "project": "p1", "user": "u1", "keypairs": [key] });
        let document = json!({ "external_id": "k", "name": "k", "state": null, "cloud_state": null, "owner": null,
            "visibility": "private", "created_at": null, "updated_at": null, "tags": {}, "fingerprint": "12:34",
            "public_key": "ssh-rsa AAAA", "key_type": "ssh", "user": "u1" });
        let Value::Object(document) = document else { unreachable!() };
        (answer, Listed::from([("u1/k".to_owned(), document)]))
    }

    fn table(kind: &str) -> &'static Told {
        tables().find(|told| told.kind == kind).unwrap()
    }

    fn found_by(told: &Told, answer: Value, listed: &Listed) -> Vec<String> {
        let client = Client::new(spec("", 1), Region::new("r1"), false, answer);
        disagreements(told, listed, &client, &mut Met::default())
    }

    fn found(answer: Value, listed: &Listed) -> Vec<String> {
        found_by(table("ssh_key"), answer, listed)
    }

    #[test]
    fn the_same_on_either_side_agrees() {
        let (answer, listed) = agreeing();
        assert_eq!(found(answer, &listed), [""; 0]);
    }

    #[test]
    fn another_value_disagrees_whichever_field_it_is_in() {
        let (answer, listed) = agreeing();
        for (field, is) in &listed["u1/k"] {
            let mut other = listed.clone();
            other.get_mut("u1/k").unwrap().insert(field.clone(), json!("other"));
            let found = found(answer.clone(), &other);
            assert!(found.len() == 1 && found[0].contains(field.as_str()), "{field}, {is}: {found:?}");
        }
        let mut doctored = answer;
        doctored["keypairs"][0]["fingerprint"] = json!("56:78");
        assert_eq!(
            found(doctored, &listed),
            [r#"ssh_key u1/k: fingerprint is "12:34", and "56:78" by the client"#]
        );
    }

    #[test]
    fn nothing_disagrees_with_something() {
        let (mut answer, mut listed) = agreeing();
        listed.get_mut("u1/k").unwrap().remove("fingerprint");
        assert_eq!(
            found(answer.clone(), &listed),
            [r#"ssh_key u1/k: fingerprint is null, and "12:34" by the client"#]
        );
        answer["keypairs"][0]["fingerprint"] = Value::Null;
        let (_, listed) = agreeing();
        assert_eq!(
            found(answer, &listed),
            [r#"ssh_key u1/k: fingerprint is "12:34", and null by the client"#]
        );
    }

    #[test]
    fn a_record_on_one_side_disagrees() {
        let (mut answer, mut listed) = agreeing();
        assert_eq!(found(answer.clone(), &Listed::new()), ["ssh_key u1/k: only the client has it"]);
        let second = listed["u1/k"].clone();
        listed.insert("u1/second".to_owned(), second);
        assert_eq!(found(answer.clone(), &listed), ["ssh_key u1/second: only the gateway has it"]);
        listed.remove("u1/second");
        let twice = answer["keypairs"][0].clone();
        answer["keypairs"].as_array_mut().unwrap().push(twice);
        assert_eq!(found(answer, &listed), ["ssh_key u1/k: the client has it twice"]);
    }

    #[test]
    fn a_table_that_is_not_the_schema_disagrees() {
        let (answer, listed) = agreeing();
        let Told { kind, records, native_key, rows } = *table("ssh_key");
        let found = |rows: &'static [(&'static str, How)]| {
            found_by(&Told { kind, records, native_key, rows }, answer.clone(), &listed)
        };
        // Its last row is that of the user, its first that of the id.
        assert_eq!(found(rows.split_last().unwrap().1), ["ssh_key: user has no row"]);
        assert_eq!(found(&rows[1..]), ["ssh_key: external_id has no row"]);
        let found =
            found(&[("name", How::Text("name")), ("name", How::Text("name")), ("size", How::Same("x"))]);
        assert!(found.contains(&"ssh_key: name has two rows".to_owned()), "{found:?}");
        assert!(found.contains(&"ssh_key: size is no field".to_owned()), "{found:?}");
    }

    #[test]
    fn every_kind_has_a_table_with_every_field() {
        let kinds: Vec<&str> = tables().map(|told| told.kind).collect();
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len());
        assert!(Kind::ALL.iter().copied().all(|kind| kinds.contains(&kind.as_str())), "{kinds:?}");
        assert_eq!(tables().flat_map(unlike_the_schema).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn only_rows_with_a_value_are_met() {
        let (answer, listed) = agreeing();
        let client = Client::new(spec("", 1), Region::new("r1"), false, answer);
        let mut met = Met::default();
        let told = table("ssh_key");
        assert_eq!(met.unmet([told].into_iter()).len(), 7);
        disagreements(told, &Listed::new(), &client, &mut met);
        assert_eq!(met.unmet([told].into_iter()).len(), 7, "no record was compared");
        disagreements(told, &listed, &client, &mut met);
        assert_eq!(met.unmet([told].into_iter()), []);
    }
}
