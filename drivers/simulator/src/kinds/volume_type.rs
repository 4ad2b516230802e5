//! Volume types.

use std::collections::BTreeMap;

use gateway_core::document::observation::Observed;
use gateway_core::kind::VolumeType;
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read};

/// Volume types.
pub(crate) static KIND: Descriptor =
    Descriptor { published: true, ..Descriptor::new(Kind::VolumeType, observe) };

#[derive(Deserialize)]
struct Wire {
    description: String,
    default: bool,
    encrypted: bool,
    shareable: bool,
    traits: BTreeMap<String, Value>,
}

fn observe(_: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let fields = VolumeType {
        description: Some(wire.description),
        default: Some(wire.default),
        encrypted: Some(wire.encrypted),
        multiattach: Some(wire.shareable),
        properties: wire.traits.into_iter().map(|(name, value)| (name, text(value))).collect(),
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
