//! Instance types.

use gateway_core::document::observation::Observed;
use gateway_core::kind::InstanceType;
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read};

/// Instance types.
pub(crate) static KIND: Descriptor =
    Descriptor { published: true, ..Descriptor::new(Kind::InstanceType, observe) };

#[derive(Deserialize)]
struct Wire {
    cores: u32,
    memory_mb: u64,
    disk_gb: u64,
    architecture: String,
}

fn observe(_: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = InstanceType {
        description: common.description.clone(),
        vcpus: wire.cores,
        memory_mib: wire.memory_mb,
        disk_gib: Some(wire.disk_gb),
        architectures: vec![wire.architecture],
        disabled: Some(common.status != "OFFERED"),
        ..InstanceType::default()
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
