use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::InstanceType;
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, read};

#[derive(Deserialize)]
struct Wire {
    cores: u32,
    memory_mb: u64,
    disk_gb: u64,
    architecture: String,
}

pub(super) fn observe(common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = InstanceType {
        description: common.about.clone(),
        vcpus: wire.cores,
        memory_mib: wire.memory_mb,
        disk_gib: Some(wire.disk_gb),
        architectures: vec![wire.architecture],
        disabled: Some(common.status != "OFFERED"),
        ..InstanceType::default()
    };
    Observed::new(&common.id, &common.name, &fields, raw)
}
