use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::SecurityGroup;
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, read};

#[derive(Deserialize)]
struct Wire {
    about: String,
    usual: bool,
    remembers: bool,
}

pub(super) fn observe(common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = SecurityGroup {
        description: Some(wire.about),
        network: None,
        stateful: Some(wire.remembers),
        default: Some(wire.usual),
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
