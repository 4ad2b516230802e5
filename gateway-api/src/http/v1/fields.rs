//! `fields=`: the members of a record that the caller wants, and no others.

use std::collections::BTreeMap;

use gateway_core::Kind;
use gateway_core::document::rendering::{ADDED, COMMON};
use gateway_core::error::Error;
use serde_json::value::RawValue;

use super::{Answer, Problem};
use crate::http::query::{Query, bad};

/// The wanted members, in the order in which they were named.
#[derive(Debug)]
pub(super) struct Fields<'a>(Option<Vec<&'a str>>);

impl<'a> Fields<'a> {
    /// Reads the parameter; without it all are wanted.
    pub(super) fn read(query: &'a Query, kind: Kind, raw: bool) -> Answer<Self> {
        let Some(text) = query.get("fields") else { return Ok(Self(None)) };
        let mut wanted: Vec<&str> = Vec::new();
        let own = own_fields(kind);
        for name in text.split(',').map(str::trim) {
            let known = ADDED.contains(&name) || COMMON.contains(&name) || own.iter().any(|own| own == name);
            if !known {
                let all: Vec<_> =
                    ADDED.iter().chain(&COMMON).copied().chain(own.iter().map(String::as_str)).collect();
                return Err(bad("fields", &format!("names {name:?}; there are {}", all.join(", "))));
            }
            if name == "cloud_data" && !raw {
                return Err(bad("fields", "can name cloud_data with view=raw only"));
            }
            if !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        Ok(Self(Some(wanted)))
    }

    /// The record with the wanted members alone.
    pub(super) fn of(&self, record: Box<RawValue>) -> Answer<Box<RawValue>> {
        let Some(wanted) = &self.0 else { return Ok(record) };
        let broken = |error: serde_json::Error| Problem::from(Error::internal(error));
        let members: BTreeMap<&str, &RawValue> = serde_json::from_str(record.get()).map_err(broken)?;
        let mut text = "{".to_owned();
        for (name, value) in wanted.iter().filter_map(|name| Some((name, members.get(name)?))) {
            if text.len() > 1 {
                text.push(',');
            }
            text.push('"');
            text.push_str(name);
            text.push_str("\":");
            text.push_str(value.get());
        }
        text.push('}');
        RawValue::from_string(text).map_err(broken)
    }
}

/// Names of the fields that only this kind has.
fn own_fields(kind: Kind) -> Vec<String> {
    let schemas = (kind.spec().schema)();
    let schema =
        schemas.first().and_then(|(_, schema)| serde_json::to_value(schema).ok()).unwrap_or_default();
    schema["properties"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}
