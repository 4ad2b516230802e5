//! Security groups.

use gateway_core::document::observation::Observed;
use gateway_core::kind::SecurityGroup;
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::{Descriptor, METADATA_COMMANDS};
use crate::document::{Common, Context, read};

/// Security groups.
pub(crate) static KIND: Descriptor =
    Descriptor { own: true, commands: METADATA_COMMANDS, ..Descriptor::new(Kind::SecurityGroup, observe) };

#[derive(Deserialize)]
struct Wire {
    description: String,
    default: bool,
    stateful: bool,
}

fn observe(_: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = SecurityGroup {
        description: Some(wire.description),
        network: None,
        stateful: Some(wire.stateful),
        default: Some(wire.default),
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
