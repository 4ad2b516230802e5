//! Images, published and of an account.

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::kind::{Image, ImageState, Verb, VerbSupport};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read};
use crate::state;

/// Images, published and of an account.
pub(crate) static KIND: Descriptor = Descriptor {
    own: true,
    published: true,
    says_state: true,
    commands: &[
        VerbSupport::new(Verb::Create),
        VerbSupport::new(Verb::Update),
        VerbSupport::new(Verb::Delete),
        VerbSupport::new(Verb::Share),
        VerbSupport::new(Verb::Unshare),
        VerbSupport::new(Verb::Upload),
    ],
    ..Descriptor::new(Kind::Image, observe)
};

#[derive(Deserialize)]
struct Wire {
    bytes: u64,
    format: String,
    system: String,
    architecture: String,
    needs_disk_gb: u64,
    needs_memory_mb: u64,
    locked: bool,
    shared: bool,
}

fn observe(_: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = Image {
        description: common.description.clone(),
        size_bytes: Some(wire.bytes),
        min_disk_gib: Some(wire.needs_disk_gb),
        min_memory_mib: Some(wire.needs_memory_mb),
        disk_format: Some(wire.format),
        architecture: Some(wire.architecture),
        os: Some(wire.system),
        protected: Some(wire.locked),
        ..Image::default()
    };
    let mut observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    if wire.shared {
        observed.visibility = Visibility::Shared;
    }
    let state = state::of(state::IMAGE, &common.status, ImageState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
