//! The comparison of documents with records: each record of either side, and each field of the schema.

use std::collections::{BTreeMap, BTreeSet};

use gateway_core::document::rendering::COMMON;
use gateway_core::kind::Kind;
use serde_json::{Map, Value};

use super::source::{Client, Source, Table};

/// Documents of one kind by native key.
pub(super) type Listed = BTreeMap<String, Map<String, Value>>;

/// The fields with a compared value.
#[derive(Default)]
pub(crate) struct Coverage(BTreeSet<(Kind, &'static str)>);

impl Coverage {
    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns the rows without a compared value, in the order of the tables.
    pub(super) fn uncovered(
        &self,
        tables: impl Iterator<Item = &'static Table>,
    ) -> Vec<(Kind, &'static str)> {
        let rows =
            tables.flat_map(|table| table.rows.iter().map(|(field, source)| (table.kind, *field, source)));
        let open = rows.filter(|(.., source)| !matches!(source, Source::Never(_)));
        open.map(|(kind, field, _)| (kind, field)).filter(|row| !self.0.contains(row)).collect()
    }
}

/// Returns the disagreements of the gateway and openstacksdk, one line each.
pub(super) fn disagreements(
    table: &Table,
    listed: &Listed,
    client: &Client,
    coverage: &mut Coverage,
) -> Vec<String> {
    let kind = table.kind;
    let mut found = unlike_the_schema(table);
    let mut records = BTreeMap::new();
    for record in (table.records)(client) {
        let key = (table.native_key)(&record, client);
        if records.insert(key.clone(), record).is_some() {
            found.push(format!("{kind} {key}: openstacksdk has it twice"));
        }
    }
    let extra = listed.keys().filter(|key| !records.contains_key(*key));
    found.extend(extra.map(|key| format!("{kind} {key}: only the gateway has it")));
    for (key, record) in &records {
        let Some(document) = listed.get(key) else {
            found.push(format!("{kind} {key}: only openstacksdk has it"));
            continue;
        };
        for (field, source) in table.rows {
            let is = document.get(*field).unwrap_or(&Value::Null);
            let expected = match source.expected(record, client) {
                Ok(expected) => expected,
                Err(_) if is_empty(is) => continue,
                Err(reason) => {
                    found.push(format!("{kind} {key}: {field} is {is}, but must be empty: {reason}"));
                    continue;
                }
            };
            if *is != expected {
                found.push(format!("{kind} {key}: {field} is {is}, and {expected} in openstacksdk"));
            }
            if !is_empty(&expected) {
                coverage.0.insert((kind, field));
            }
        }
    }
    found
}

/// Returns the differences between the table's rows and the schema's fields.
fn unlike_the_schema(table: &Table) -> Vec<String> {
    let spec = table.kind.spec();
    let schema = serde_json::to_value(&(spec.schema)()[0].1).unwrap();
    let own = schema["properties"].as_object().unwrap().keys().map(String::as_str);
    let fields: BTreeSet<&str> = own.chain(COMMON).collect();
    let mut named = BTreeSet::new();
    let twice = table.rows.iter().filter(|(field, _)| !named.insert(*field));
    let mut found: Vec<_> = twice.map(|(field, _)| format!("{}: {field} has two rows", table.kind)).collect();
    found.extend(fields.difference(&named).map(|field| format!("{}: {field} has no row", table.kind)));
    found.extend(named.difference(&fields).map(|field| format!("{}: {field} is no field", table.kind)));
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

    /// Returns one key as openstacksdk answers it, and as the gateway lists it.
    fn agreeing() -> (Value, Listed) {
        let key = json!({ "name": "k", "fingerprint": "12:34", "public_key": "ssh-rsa AAAA", "type": "ssh" });
        let answer = json!({ "project": "p1", "user": "u1", "keypairs": [key] });
        let document = json!({ "external_id": "k", "name": "k", "state": null, "cloud_state": null, "owner": null,
            "visibility": "private", "created_at": null, "updated_at": null, "tags": {}, "fingerprint": "12:34",
            "public_key": "ssh-rsa AAAA", "key_type": "ssh", "user": "u1" });
        let Value::Object(document) = document else { unreachable!() };
        (answer, Listed::from([("u1/k".to_owned(), document)]))
    }

    fn table(kind: Kind) -> &'static Table {
        tables().find(|table| table.kind == kind).unwrap()
    }

    fn found_by(table: &Table, answer: Value, listed: &Listed) -> Vec<String> {
        let client = Client::new(spec("", 1), Region::new("r1"), false, answer);
        disagreements(table, listed, &client, &mut Coverage::default())
    }

    fn found(answer: Value, listed: &Listed) -> Vec<String> {
        found_by(table(Kind::SshKey), answer, listed)
    }

    #[test]
    fn equal_values_agree() {
        let (answer, listed) = agreeing();
        assert_eq!(found(answer, &listed), [""; 0]);
    }

    #[test]
    fn other_value_of_any_field_disagrees() {
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
            [r#"ssh_key u1/k: fingerprint is "12:34", and "56:78" in openstacksdk"#]
        );
    }

    #[test]
    fn missing_value_disagrees() {
        let (mut answer, mut listed) = agreeing();
        listed.get_mut("u1/k").unwrap().remove("fingerprint");
        assert_eq!(
            found(answer.clone(), &listed),
            [r#"ssh_key u1/k: fingerprint is null, and "12:34" in openstacksdk"#]
        );
        answer["keypairs"][0]["fingerprint"] = Value::Null;
        let (_, listed) = agreeing();
        assert_eq!(
            found(answer, &listed),
            [r#"ssh_key u1/k: fingerprint is "12:34", and null in openstacksdk"#]
        );
    }

    #[test]
    fn record_on_one_side_disagrees() {
        let (mut answer, mut listed) = agreeing();
        assert_eq!(found(answer.clone(), &Listed::new()), ["ssh_key u1/k: only openstacksdk has it"]);
        let second = listed["u1/k"].clone();
        listed.insert("u1/second".to_owned(), second);
        assert_eq!(found(answer.clone(), &listed), ["ssh_key u1/second: only the gateway has it"]);
        listed.remove("u1/second");
        let twice = answer["keypairs"][0].clone();
        answer["keypairs"].as_array_mut().unwrap().push(twice);
        assert_eq!(found(answer, &listed), ["ssh_key u1/k: openstacksdk has it twice"]);
    }

    #[test]
    fn table_that_differs_from_the_schema_disagrees() {
        let (answer, listed) = agreeing();
        let Table { kind, records, native_key, rows } = *table(Kind::SshKey);
        let found = |rows: &'static [(&'static str, Source)]| {
            found_by(&Table { kind, records, native_key, rows }, answer.clone(), &listed)
        };
        // The last row is that of the user, the first that of the id.
        assert_eq!(found(rows.split_last().unwrap().1), ["ssh_key: user has no row"]);
        assert_eq!(found(&rows[1..]), ["ssh_key: external_id has no row"]);
        let found = found(&[
            ("name", Source::Text("name")),
            ("name", Source::Text("name")),
            ("size", Source::Same("x")),
        ]);
        assert!(found.contains(&"ssh_key: name has two rows".to_owned()), "{found:?}");
        assert!(found.contains(&"ssh_key: size is no field".to_owned()), "{found:?}");
    }

    #[test]
    fn every_kind_has_a_table_with_every_field() {
        let kinds: Vec<Kind> = tables().map(|table| table.kind).collect();
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len());
        assert!(Kind::ALL.iter().copied().all(|kind| kinds.contains(&kind)), "{kinds:?}");
        assert_eq!(tables().flat_map(unlike_the_schema).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn only_rows_with_a_value_are_covered() {
        let (answer, listed) = agreeing();
        let client = Client::new(spec("", 1), Region::new("r1"), false, answer);
        let mut coverage = Coverage::default();
        let table = table(Kind::SshKey);
        assert_eq!(coverage.uncovered([table].into_iter()).len(), 7);
        disagreements(table, &Listed::new(), &client, &mut coverage);
        assert_eq!(coverage.uncovered([table].into_iter()).len(), 7, "no record was compared");
        disagreements(table, &listed, &client, &mut coverage);
        assert_eq!(coverage.uncovered([table].into_iter()), []);
    }
}
