//! SSH keys.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{SshKey, Verb, VerbSupport};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read};

/// SSH keys.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    commands: &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)],
    ..Descriptor::new(Kind::SshKey, observe)
};

#[derive(Deserialize)]
struct Wire {
    key_type: String,
    public_key: String,
    fingerprint: String,
}

fn observe(_: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = SshKey {
        fingerprint: Some(wire.fingerprint),
        public_key: Some(wire.public_key),
        key_type: Some(wire.key_type),
        user: None,
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
