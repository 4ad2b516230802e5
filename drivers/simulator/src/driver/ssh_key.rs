use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::SshKey;
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, read};

#[derive(Deserialize)]
struct Wire {
    form: String,
    text: String,
    digest: String,
}

pub(super) fn observe(common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = SshKey {
        fingerprint: Some(wire.digest),
        public_key: Some(wire.text),
        key_type: Some(wire.form),
        user: None,
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
