//! The fields of a document that a request selects.

use std::collections::BTreeMap;

use gateway_core::Kind;
use gateway_core::document::rendering::{ADDED, COMMON};
use gateway_core::error::Error as CoreError;
use serde_json::value::RawValue;

use crate::app::error::shortened;
use crate::app::{Error, Result};

/// The selected fields, in the order of the request; all of them if none is named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Option<Vec<String>>);

impl Fields {
    /// Parses names separated by commas.
    pub(crate) fn parse(text: &str, kind: Kind, raw: bool) -> Result<Self> {
        let mut selected: Vec<String> = Vec::new();
        let own = own_fields(kind);
        for name in text.split(',').map(str::trim) {
            let is_known =
                ADDED.contains(&name) || COMMON.contains(&name) || own.iter().any(|own| own == name);
            if !is_known {
                let all: Vec<_> =
                    ADDED.iter().chain(&COMMON).copied().chain(own.iter().map(String::as_str)).collect();
                let name = shortened(name);
                let rule = format!("names `{name}`, which does not exist; it may name {}", all.join(", "));
                return Err(Error::invalid_query("fields", rule));
            }
            if name == "cloud_data" && !raw {
                return Err(Error::invalid_query("fields", "may name `cloud_data` only with view=raw"));
            }
            if !selected.iter().any(|known| known == name) {
                selected.push(name.to_owned());
            }
        }
        Ok(Self(Some(selected)))
    }

    /// Reduces a document to the selected fields.
    pub(super) fn select(&self, document: Box<RawValue>) -> Result<Box<RawValue>> {
        let Some(selected) = &self.0 else { return Ok(document) };
        let members: BTreeMap<&str, &RawValue> =
            serde_json::from_str(document.get()).map_err(CoreError::internal)?;
        let mut text = "{".to_owned();
        for (name, value) in selected.iter().filter_map(|name| Some((name, members.get(name.as_str())?))) {
            if text.len() > 1 {
                text.push(',');
            }
            text.push('"');
            text.push_str(name);
            text.push_str("\":");
            text.push_str(value.get());
        }
        text.push('}');
        Ok(RawValue::from_string(text).map_err(CoreError::internal)?)
    }
}

/// Returns the names of the fields that only this kind has.
fn own_fields(kind: Kind) -> Vec<String> {
    let schemas = (kind.spec().schema)();
    let schema =
        schemas.first().and_then(|(_, schema)| serde_json::to_value(schema).ok()).unwrap_or_default();
    schema["properties"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}
