//! Overrides of the configuration file by environment variables.

use toml::{Table, Value};

use crate::error::{Error, Result};

/// The prefix of the variables of all settings.
const PREFIX: &str = "GATEWAY_";

/// Variables with the prefix that are not configuration keys.
const OTHERS: [&str; 7] = [
    "GATEWAY_CONFIG",
    "GATEWAY_KEYRING",
    "GATEWAY_URL",
    "GATEWAY_TOKEN",
    "GATEWAY_CLIENT_ID",
    "GATEWAY_CLIENT_SECRET",
    "GATEWAY_SESSION",
];

/// The prefix of variables of the test harness.
const TESTS: &str = "GATEWAY_TEST_";

/// Writes the settings of the environment into a table. `known` holds every setting with its default.
pub(super) fn overlay(
    table: &mut Table,
    known: &Table,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<()> {
    for (name, text) in environment {
        if !name.starts_with(PREFIX) || name.starts_with(TESTS) || OTHERS.contains(&name.as_str()) {
            continue;
        }
        let (section, key, default) = find(known, &name).ok_or_else(|| {
            Error::invalid(format!("`{name}` is not a setting; `gateway config show` lists all settings"))
        })?;
        let value = read(&text, default)
            .ok_or_else(|| Error::invalid(format!("`{name}` must be of type {}", default.type_str())))?;
        let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(section) = section {
            section.insert(key.to_owned(), value);
        }
    }
    Ok(())
}

fn find<'a>(known: &'a Table, name: &str) -> Option<(&'a str, &'a str, &'a Value)> {
    known.iter().find_map(|(section, keys)| {
        keys.as_table()?.iter().find_map(|(key, default)| {
            let full = format!("{PREFIX}{}_{}", section.to_uppercase(), key.to_uppercase());
            (full == name).then_some((section.as_str(), key.as_str(), default))
        })
    })
}

fn read(text: &str, default: &Value) -> Option<Value> {
    Some(match default {
        Value::String(_) => Value::String(text.to_owned()),
        Value::Integer(_) => Value::Integer(text.parse().ok()?),
        Value::Float(_) => Value::Float(text.parse().ok()?),
        Value::Boolean(_) => Value::Boolean(text.parse().ok()?),
        _ => return None,
    })
}
