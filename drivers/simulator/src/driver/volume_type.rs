use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::VolumeType;
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, read};

#[derive(Deserialize)]
struct Wire {
    about: String,
    usual: bool,
    sealed: bool,
    shareable: bool,
    traits: BTreeMap<String, Value>,
}

pub(super) fn observe(common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let fields = VolumeType {
        description: Some(wire.about),
        default: Some(wire.usual),
        encrypted: Some(wire.sealed),
        multiattach: Some(wire.shareable),
        properties: wire.traits.into_iter().map(|(name, value)| (name, text(value))).collect(),
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
